// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static java.util.Objects.requireNonNull;

import io.selvage.model.routing.HostPattern;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the most specific of many host patterns: EXACT, then the longest of ONE_LABEL and SUFFIX
 * (ONE_LABEL where both are as long), then the longest PREFIX, then ANY. The cost depends on the
 * length of the name, not on the number of patterns: suffixes and prefixes are looked up by a hash
 * that is rolled over the name once. Immutable; a lookup allocates nothing.
 */
public final class HostIndex<V> {
  private final Map<String, V> exact = new HashMap<>();
  private final TextTable<V> oneLabel;
  private final TextTable<V> suffixes;
  private final TextTable<V> prefixes;
  private final @Nullable V any;

  /** Indexes {@code patterns}; values must not be null. */
  public HostIndex(Map<HostPattern, V> patterns) {
    var oneLabelTexts = new HashMap<String, V>();
    var suffixTexts = new HashMap<String, V>();
    var prefixTexts = new HashMap<String, V>();
    V everything = null;
    for (Map.Entry<HostPattern, V> entry : patterns.entrySet()) {
      String text = entry.getKey().text();
      V value = requireNonNull(entry.getValue());
      switch (entry.getKey().kind()) {
        case EXACT -> exact.put(text, value);
        case ONE_LABEL -> oneLabelTexts.put(text, value);
        case SUFFIX -> suffixTexts.put(text, value);
        case PREFIX -> prefixTexts.put(text, value);
        case ANY -> everything = value;
      }
    }
    oneLabel = new TextTable<>(oneLabelTexts, true);
    suffixes = new TextTable<>(suffixTexts, true);
    prefixes = new TextTable<>(prefixTexts, false);
    any = everything;
  }

  /**
   * The value of the most specific pattern that matches.
   *
   * @param host lower case, without port and trailing dot; may be empty, which only ANY matches
   */
  public @Nullable V find(String host) {
    V found = exact.get(host);
    if (found == null && !(suffixes.isEmpty() && oneLabel.isEmpty())) {
      found = findBySuffix(host);
    }
    if (found == null && !prefixes.isEmpty()) {
      found = findByPrefix(host);
    }
    return found == null ? any : found;
  }

  private @Nullable V findBySuffix(String host) {
    int firstDot = host.indexOf('.');
    V best = null;
    int hash = 0;
    // From the right: the last hit is the longest. A star stands for at least one character.
    for (int i = host.length() - 1; i > 0; i--) {
      hash = TextTable.roll(hash, host.charAt(i));
      V suffix = suffixes.find(host, i, host.length(), hash);
      if (suffix != null) {
        best = suffix;
      }
      if (i == firstDot) {
        V label = oneLabel.find(host, i, host.length(), hash);
        if (label != null) {
          best = label;
        }
      }
    }
    return best;
  }

  private @Nullable V findByPrefix(String host) {
    V best = null;
    int hash = 0;
    for (int i = 0; i < host.length() - 1; i++) {
      hash = TextTable.roll(hash, host.charAt(i));
      V prefix = prefixes.find(host, 0, i + 1, hash);
      if (prefix != null) {
        best = prefix;
      }
    }
    return best;
  }

  /** Open addressing over texts, probed with a part of a text and a hash the caller has rolled. */
  private static final class TextTable<V> {
    private final String[] keys;
    private final Object[] values;
    private final boolean[] lengths;
    private final int mask;

    TextTable(Map<String, V> texts, boolean fromTheRight) {
      int capacity = Integer.highestOneBit(Math.max(texts.size(), 1) * 2 + 1) * 2;
      keys = new String[capacity];
      values = new Object[capacity];
      mask = capacity - 1;
      lengths = new boolean[texts.keySet().stream().mapToInt(String::length).max().orElse(-1) + 1];
      texts.forEach((text, value) -> {
        int slot = slot(hash(text, fromTheRight));
        while (values[slot] != null) {
          slot = (slot + 1) & mask;
        }
        keys[slot] = text;
        values[slot] = requireNonNull(value);
        lengths[text.length()] = true;
      });
    }

    boolean isEmpty() {
      return lengths.length == 0;
    }

    /** The value of {@code text[from, to)}, whose hash has been rolled already. */
    @Nullable V find(String text, int from, int to, int hash) {
      int length = to - from;
      if (length >= lengths.length || !lengths[length]) {
        return null;
      }
      int slot = slot(hash);
      while (values[slot] != null) {
        if (keys[slot].length() == length && text.startsWith(keys[slot], from)) {
          // Stored as a V by the constructor only.
          @SuppressWarnings("unchecked")
          V value = (V) values[slot];
          return value;
        }
        slot = (slot + 1) & mask;
      }
      return null;
    }

    static int roll(int hash, char next) {
      return hash * 31 + next;
    }

    private int slot(int hash) {
      // Fibonacci hashing: the rolled hash is weak in its low bits.
      return ((hash * 0x9E3779B9) >>> 7) & mask;
    }

    private static int hash(String text, boolean fromTheRight) {
      int hash = 0;
      for (int i = 0; i < text.length(); i++) {
        hash = roll(hash, text.charAt(fromTheRight ? text.length() - 1 - i : i));
      }
      return hash;
    }
  }
}
