// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import io.selvage.model.routing.ClusterSpec;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks every endpoint of one cluster at its interval, whatever requests it serves. Confined to
 * the scheduler's thread, on which probes report as well.
 */
final class HealthChecks {
  private static final Logger LOG = LoggerFactory.getLogger(HealthChecks.class);

  private final Cluster cluster;
  private final ClusterSpec.HealthCheckSpec spec;
  private final HealthProbe probe;
  private final Scheduler scheduler;
  private final Map<Endpoint, Checked> checked = new HashMap<>();
  private volatile boolean stopped;

  private static final class Checked {
    private final HealthState state;
    private boolean underWay;

    private Checked(HealthState state) {
      this.state = state;
    }
  }

  HealthChecks(
      Cluster cluster, ClusterSpec.HealthCheckSpec spec, HealthProbe probe, Scheduler scheduler) {
    this.cluster = cluster;
    this.spec = spec;
    this.probe = probe;
    this.scheduler = scheduler;
  }

  /** Begins somewhere in the first interval, so that clusters made together spread their checks. */
  void start() {
    scheduler.schedule(ThreadLocalRandom.current().nextLong(intervalMillis() / 4 + 1), this::round);
  }

  void stop() {
    stopped = true;
    probe.close();
  }

  private void round() {
    if (stopped) {
      return;
    }
    checked.keySet().removeIf(Endpoint::isRemoved);
    for (Endpoint endpoint : cluster.endpoints()) {
      if (!endpoint.spec().identity().isEmpty()) {
        continue; // a check speaks no mutual TLS, and an endpoint of the mesh nothing else
      }
      Checked entry =
          checked.computeIfAbsent(
              endpoint,
              e ->
                  new Checked(new HealthState(spec.healthyThreshold(), spec.unhealthyThreshold())));
      // A check slower than the interval is not joined by a second one.
      if (!entry.underWay) {
        entry.underWay = true;
        probe
            .probe(endpoint)
            .thenAccept(check -> scheduler.schedule(0, () -> report(endpoint, entry, check)));
      }
    }
    scheduler.schedule(intervalMillis(), this::round);
  }

  private void report(Endpoint endpoint, Checked entry, HealthState.Check check) {
    entry.underWay = false;
    boolean before = entry.state.isPassing();
    boolean passing = entry.state.onCheck(check);
    if (stopped || endpoint.isRemoved() || passing == before) {
      return;
    }
    cluster.setPassing(endpoint, passing);
    LOG.atInfo()
        .addKeyValue("cluster", cluster.spec().name())
        .addKeyValue("endpoint", endpoint)
        .log(
            passing ? "endpoint passes its health check again" : "endpoint fails its health check");
  }

  private long intervalMillis() {
    return Math.max(spec.intervalMillis(), 1);
  }
}
