// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.admin;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Whether traffic should be sent here. Each part of the process states its own condition; all must
 * hold. Thread-safe.
 */
public final class Readiness {
  private final Map<String, Condition> conditions = new ConcurrentHashMap<>();

  /**
   * One part's condition.
   *
   * @param reason for a person, shown by {@code /ready} while it does not hold
   */
  private record Condition(boolean holds, String reason) {}

  /** Declares or changes a condition. A condition named here must hold from now on. */
  public void set(String name, boolean holds, String reason) {
    conditions.put(name, new Condition(holds, reason));
  }

  /** True if at least one condition was declared and all hold. */
  public boolean isReady() {
    return !conditions.isEmpty() && conditions.values().stream().allMatch(Condition::holds);
  }

  /** What is missing, one line each, in a fixed order; empty when ready. */
  public List<String> missing() {
    if (conditions.isEmpty()) {
      return List.of("starting");
    }
    return new TreeMap<>(conditions)
        .entrySet().stream()
            .filter(e -> !e.getValue().holds())
            .map(e -> e.getKey() + ": " + e.getValue().reason())
            .toList();
  }
}
