// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.admin;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Whether traffic should be sent here. Each part of the process states its own condition; all must
 * hold. Thread-safe.
 */
public final class Readiness {
  private final Map<String, Supplier<Condition>> conditions = new ConcurrentHashMap<>();

  /**
   * One part's condition.
   *
   * @param reason for a person, shown by {@code /ready} while it does not hold
   */
  private record Condition(boolean holds, String reason) {
    static final Condition HOLDS = new Condition(true, "");
  }

  /** Declares or changes a condition. A condition named here must hold from now on. */
  public void set(String name, boolean holds, String reason) {
    var condition = new Condition(holds, reason);
    conditions.put(name, () -> condition);
  }

  /**
   * Declares a condition that is looked at whenever somebody asks.
   *
   * @param missing what is missing, or nothing when the condition holds; quick, from any thread
   */
  public void check(String name, Supplier<Optional<String>> missing) {
    conditions.put(
        name, () -> missing.get().map(why -> new Condition(false, why)).orElse(Condition.HOLDS));
  }

  /** True if at least one condition was declared and all hold. */
  public boolean isReady() {
    return !conditions.isEmpty() && conditions.values().stream().allMatch(c -> c.get().holds());
  }

  /** What is missing, one line each, in a fixed order; empty when ready. */
  public List<String> missing() {
    if (conditions.isEmpty()) {
      return List.of("starting");
    }
    var missing = new ArrayList<String>();
    new TreeMap<>(conditions)
        .forEach((name, look) -> {
          Condition condition = look.get();
          if (!condition.holds()) {
            missing.add(name + ": " + condition.reason());
          }
        });
    return missing;
  }
}
