// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The proxies of this replica, and those whose stream ended a moment ago: they are between two
 * streams and in nobody's list, while they believe and hold what they did. One that comes back here
 * is counted once. Confined to one thread.
 */
final class RecentProxies {
  private final Supplier<List<ConnectedProxy>> connected;
  private final Duration missed;
  private final Map<Who, ArrayDeque<Left>> left = new HashMap<>();
  private Map<Long, ConnectedProxy> before = Map.of();

  private record Who(WorkloadIdentity identity, PodRef pod) {
    static Who of(ConnectedProxy proxy) {
      return new Who(proxy.identity(), proxy.pod());
    }

    /** Whether all its streams are of one proxy. */
    boolean isOne() {
      return !pod.name().isEmpty();
    }
  }

  private record Left(ConnectedProxy proxy, long nanos) {}

  /**
   * @param connected those with a stream now
   * @param missed how long one that has left counts
   */
  RecentProxies(Supplier<List<ConnectedProxy>> connected, Duration missed) {
    this.connected = requireNonNull(connected, "connected");
    this.missed = requireNonNull(missed, "missed");
  }

  /**
   * Those of now, and those that have left since the look before or not long ago.
   *
   * @param nanos as {@link System#nanoTime}
   */
  List<ConnectedProxy> look(long nanos) {
    var now = new HashMap<Long, ConnectedProxy>();
    Set<Who> there = new HashSet<>();
    for (ConnectedProxy proxy : connected.get()) {
      now.put(proxy.session(), proxy);
      there.add(Who.of(proxy));
    }
    before.forEach((session, proxy) -> {
      Who who = Who.of(proxy);
      if (!now.containsKey(session) && !(who.isOne() && there.contains(who))) {
        left.computeIfAbsent(who, w -> new ArrayDeque<>()).add(new Left(proxy, nanos));
      }
    });
    now.forEach((session, proxy) -> {
      ArrayDeque<Left> same = before.containsKey(session) ? null : left.get(Who.of(proxy));
      if (same != null) {
        same.poll();
      }
    });
    left.values().forEach(same -> same.removeIf(one -> nanos - one.nanos() >= missed.toNanos()));
    left.values().removeIf(ArrayDeque::isEmpty);
    before = now;
    var all = new ArrayList<>(now.values());
    left.values().forEach(same -> same.forEach(one -> all.add(one.proxy())));
    return all;
  }

  /** Nobody is missed any more. */
  void forget() {
    before = Map.of();
    left.clear();
  }
}
