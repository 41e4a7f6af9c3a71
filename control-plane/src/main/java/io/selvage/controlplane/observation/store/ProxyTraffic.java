// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.observation.workload.PodKey;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.LinkedHashMap;
import java.util.Optional;

/** Everything one proxy has reported. Maps are ordered by use, the latest used last. */
final class ProxyTraffic {
  /**
   * A proxy that is silent for so long is not counted on any more: it reports every few seconds.
   */
  static final long SILENCE_MILLIS = 90_000;

  /**
   * One proxy: a pod's, or where the pod is not known, whoever says so with this identity.
   *
   * @param pod the pod that had the name when the proxy was first heard of
   */
  record Key(Optional<PodKey> pod, String namespace, String name, WorkloadIdentity identity) {}

  /**
   * Under what is counted.
   *
   * @param pod the peer's pod; empty if its address is no pod's
   * @param address canonical; empty where the pod is known
   */
  record PairKey(
      Direction direction,
      Optional<PodKey> pod,
      String address,
      String identity,
      String service,
      String route,
      Security security,
      boolean denied) {}

  /** Under what requests are counted for {@code top}. */
  record CallKey(
      Direction direction,
      Optional<PodKey> pod,
      String address,
      String service,
      String method,
      String path) {}

  /** The numbers of a pair. */
  static final class Pair {
    final ProxyTraffic owner;
    final PairKey key;
    final Optional<WorkloadIdentity> identity;
    final SlidingCounts counts = new SlidingCounts();

    /** As last seen, for a peer whose pod is forgotten. */
    String address;

    long open;
    long openReport;
    long lastUsed;

    Pair(ProxyTraffic owner, PairKey key, String address) {
      this.owner = owner;
      this.key = key;
      this.address = address;
      identity = WorkloadIdentity.parse(key.identity);
    }
  }

  /** The numbers of a kind of requests. */
  static final class CallSeries {
    final ProxyTraffic owner;
    final CallKey key;
    final String address;
    final SlidingCalls durations = new SlidingCalls();
    long lastUsed;

    CallSeries(ProxyTraffic owner, CallKey key, String address) {
      this.owner = owner;
      this.key = key;
      this.address = address;
    }
  }

  final Key key;
  final SequenceGuard sequence = new SequenceGuard();
  final LinkedHashMap<PairKey, Pair> pairs = new LinkedHashMap<>(8, 0.75f, true);
  final LinkedHashMap<CallKey, CallSeries> calls = new LinkedHashMap<>(8, 0.75f, true);

  /** Its stream, or the last one it had. */
  ConnectedProxy connection;

  boolean connected;
  long lastReport;

  /** Counts the reports, so that pairs know which one mentioned them last. */
  long report;

  ProxyTraffic(Key key, ConnectedProxy connection) {
    this.key = key;
    this.connection = connection;
  }

  /** Whether what it said last still holds. */
  boolean isCurrent(long now) {
    return connected && now - lastReport < SILENCE_MILLIS;
  }
}
