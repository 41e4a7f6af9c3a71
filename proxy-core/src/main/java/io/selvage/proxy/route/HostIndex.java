// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.HostPattern;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the most specific of many host patterns: EXACT, then the longest of ONE_LABEL and SUFFIX,
 * then the longest PREFIX, then ANY. Immutable.
 */
public final class HostIndex<V> {
  private final Map<HostPattern, V> patterns;

  /** Indexes {@code patterns}. */
  public HostIndex(Map<HostPattern, V> patterns) {
    this.patterns = new HashMap<>(patterns);
  }

  /**
   * @param host lower case, without port and trailing dot; may be empty, which only ANY matches
   */
  public @Nullable V find(String host) {
    V exact = patterns.get(HostPattern.exact(host));
    if (exact != null) {
      return exact;
    }
    HostPattern best = null;
    for (HostPattern pattern : patterns.keySet()) {
      if (pattern.matches(host) && (best == null || rank(pattern) > rank(best))) {
        best = pattern;
      }
    }
    return best == null ? null : patterns.get(best);
  }

  private static int rank(HostPattern pattern) {
    return switch (pattern.kind()) {
      case EXACT -> 1 << 20;
      case ONE_LABEL -> (1 << 19) + 2 * pattern.text().length() + 1;
      case SUFFIX -> (1 << 19) + 2 * pattern.text().length();
      case PREFIX -> (1 << 18) + pattern.text().length();
      case ANY -> 0;
    };
  }
}
