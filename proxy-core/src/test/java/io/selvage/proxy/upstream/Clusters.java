// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.FailureAccrualSpec;
import io.selvage.model.routing.ClusterSpec.LoadBalancerPolicy;
import io.selvage.model.routing.EndpointSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/** A cluster on a clock that the test moves and with chance that repeats. */
final class Clusters {
  final AtomicLong nanos = new AtomicLong(1_000_000_000_000L);
  final Cluster cluster;

  private Clusters(ClusterSpec spec, int loops, long seed) {
    Random random = new Random(seed);
    cluster = new Cluster(spec, loops, nanos::get, random::nextInt);
  }

  static Clusters of(LoadBalancerPolicy policy, int endpoints) {
    return of(spec(policy, Optional.empty()), endpoints);
  }

  static Clusters of(ClusterSpec spec, int endpoints) {
    var made = new Clusters(spec, 2, 4711);
    made.cluster.updateEndpoints(set(endpoints));
    return made;
  }

  static ClusterSpec spec(LoadBalancerPolicy policy, Optional<FailureAccrualSpec> accrual) {
    ClusterSpec d = ClusterSpec.http("c");
    return new ClusterSpec(
        d.name(),
        d.statsName(),
        d.endpoints(),
        d.protocol(),
        d.tls(),
        policy,
        d.connectTimeoutMillis(),
        d.idleTimeoutMillis(),
        d.maxConnectionLifetimeMillis(),
        d.defaultBreakers(),
        d.highBreakers(),
        accrual,
        d.healthCheck(),
        d.tcpKeepalive());
  }

  /** Endpoints 10.0.0.1 to 10.0.x.n, port 80. */
  static EndpointSet set(int n) {
    var endpoints = new ArrayList<EndpointSet.Endpoint>();
    for (int i = 1; i <= n; i++) {
      endpoints.add(endpoint(i));
    }
    return new EndpointSet("k", endpoints);
  }

  static EndpointSet set(List<EndpointSet.Endpoint> endpoints) {
    return new EndpointSet("k", endpoints);
  }

  static EndpointSet.Endpoint endpoint(int i) {
    return EndpointSet.Endpoint.of("10.0." + i / 250 + "." + (i % 250 + 1), 80);
  }

  void advanceMillis(long millis) {
    nanos.addAndGet(millis * 1_000_000);
  }

  Endpoint pick(long hash, int loop) {
    Endpoint picked = cluster.pick(hash, loop);
    if (picked == null) {
      throw new AssertionError("nothing to pick");
    }
    return picked;
  }

  Endpoint pick() {
    return pick(Cluster.NO_HASH, 0);
  }

  static void fail(Endpoint endpoint, int times) {
    for (int i = 0; i < times; i++) {
      endpoint.onResult(1_000, Endpoint.Result.SERVER_ERROR);
    }
  }
}
