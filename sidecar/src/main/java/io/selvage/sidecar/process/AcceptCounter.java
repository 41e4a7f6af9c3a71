// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.process;

import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.listener.ListenerObserver;
import io.selvage.sidecar.connection.Way;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts the connections of the pod's own listeners. Thread-safe. */
final class AcceptCounter implements ListenerObserver {
  private static final Logger log = LoggerFactory.getLogger(AcceptCounter.class);

  private final LongAdder inbound = new LongAdder();
  private final LongAdder outbound = new LongAdder();

  @Override
  public void onAccepted(ListenerSpec listener) {
    Way way = Way.of(listener.name());
    if (way != null) {
      (way.isInbound() ? inbound : outbound).increment();
    }
  }

  @Override
  public void onBindFailed(ListenerSpec listener, Problem problem) {
    log.atError().addKeyValue("listener", listener.name()).log(problem.toString());
  }

  @Override
  public void onAcceptPaused(ListenerSpec listener, boolean paused) {
    log.atWarn()
        .addKeyValue("listener", listener.name())
        .log(paused ? "no more connections are accepted for now" : "accepting goes on");
  }

  @Override
  public void onAcceptError(ListenerSpec listener, Throwable cause) {
    log.atWarn()
        .addKeyValue("listener", listener.name())
        .log("accepting failed: {}", String.valueOf(cause));
  }

  long accepted() {
    return inbound.sum() + outbound.sum();
  }

  /** In Prometheus' text format 0.0.4. */
  String metrics() {
    return """
    # HELP selvage_sidecar_accepted_connections_total Connections accepted.
    # TYPE selvage_sidecar_accepted_connections_total counter
    selvage_sidecar_accepted_connections_total{direction="inbound"} %d
    selvage_sidecar_accepted_connections_total{direction="outbound"} %d
    """
        .formatted(inbound.sum(), outbound.sum());
  }
}
