// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.selvage.model.routing.HostPattern;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Finds by server name: exact, then the longest of the wildcards, then the longest prefix, then the
 * default (see {@link HostPattern}). Immutable. Where two values claim one pattern the first stays.
 *
 * <p>Also answers the 421 question: the binding {@code lookup(authority)} finds must be the one the
 * connection was made with.
 */
public final class ServerNames<V> {
  private final Map<String, V> exact = new HashMap<>();

  /** Patterns {@code *.rest} by {@code .rest}: one hash look-up instead of a scan. */
  private final Map<String, V> oneLabel = new HashMap<>();

  private final Map<String, V> dotSuffix = new HashMap<>();

  /** Suffixes that do not begin at a dot, and prefixes: rare, scanned longest first. */
  private final List<Entry<V>> globs = new ArrayList<>();

  private final List<Entry<V>> prefixes = new ArrayList<>();
  private @Nullable V fallback;

  private record Entry<V>(HostPattern pattern, V value) {}

  private ServerNames() {}

  /** Files each of {@code values} under all its patterns; no pattern at all means the default. */
  public static <V> ServerNames<V> of(
      Collection<V> values, Function<? super V, List<HostPattern>> patterns) {
    ServerNames<V> names = new ServerNames<>();
    for (V value : values) {
      List<HostPattern> own = patterns.apply(value);
      for (HostPattern pattern : own) {
        names.add(pattern, value);
      }
      if (own.isEmpty()) {
        names.add(HostPattern.any(), value);
      }
    }
    Comparator<Entry<V>> longestFirst =
        Comparator.comparingInt((Entry<V> e) -> e.pattern().text().length()).reversed();
    names.globs.sort(longestFirst);
    names.prefixes.sort(longestFirst);
    return names;
  }

  private void add(HostPattern pattern, V value) {
    String text = pattern.text();
    switch (pattern.kind()) {
      case EXACT -> exact.putIfAbsent(text, value);
      case ONE_LABEL -> oneLabel.putIfAbsent(text, value);
      case SUFFIX -> {
        if (text.startsWith(".")) {
          dotSuffix.putIfAbsent(text, value);
        } else {
          globs.add(new Entry<>(pattern, value));
        }
      }
      case PREFIX -> prefixes.add(new Entry<>(pattern, value));
      case ANY -> {
        if (fallback == null) {
          fallback = value;
        }
      }
    }
  }

  /**
   * The value for a name, or the default, or null.
   *
   * @param name lower case, without port and trailing dot; null = no name was given
   */
  public @Nullable V lookup(@Nullable String name) {
    if (name == null || name.isEmpty()) {
      return fallback;
    }
    V found = exact.get(name);
    if (found == null) {
      found = wildcard(name);
    }
    if (found == null) {
      found = first(prefixes, name);
    }
    return found == null ? fallback : found;
  }

  /** True if a pattern other than the default names {@code name}. */
  public boolean names(String name) {
    return exact.containsKey(name) || wildcard(name) != null || first(prefixes, name) != null;
  }

  public @Nullable V fallback() {
    return fallback;
  }

  private @Nullable V wildcard(String name) {
    V best = null;
    int bestLength = -1;
    int dot = name.indexOf('.');
    if (dot > 0 && !oneLabel.isEmpty()) {
      best = oneLabel.get(name.substring(dot));
      bestLength = best == null ? -1 : name.length() - dot;
    }
    // Suffixes shrink from left to right, so the first hit is the longest. At equal length the
    // one-label pattern is the narrower and stays.
    for (; dot >= 0 && !dotSuffix.isEmpty(); dot = name.indexOf('.', dot + 1)) {
      int length = name.length() - dot;
      if (dot == 0 || length <= bestLength) {
        continue;
      }
      V value = dotSuffix.get(name.substring(dot));
      if (value != null) {
        best = value;
        bestLength = length;
        break;
      }
    }
    for (Entry<V> entry : globs) {
      if (entry.pattern().text().length() <= bestLength) {
        break;
      }
      if (entry.pattern().matches(name)) {
        return entry.value();
      }
    }
    return best;
  }

  private static <V> @Nullable V first(List<Entry<V>> entries, String name) {
    for (Entry<V> entry : entries) {
      if (entry.pattern().matches(name)) {
        return entry.value();
      }
    }
    return null;
  }
}
