// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import static java.util.Objects.requireNonNull;

import io.selvage.gateway.compile.CompileResult;
import io.selvage.gateway.compile.GatewayCompiler;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.StatusSink;
import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.admin.Readiness;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running gateway: source -> hold-off -> compile -> data path -> status. Its life is STARTING,
 * LIVE from the first table on, DRAINING, STOPPED, and never goes back.
 */
public final class GatewayServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayServer.class);

  /** Readiness condition: a configuration is live. */
  static final String CONFIGURATION = "configuration";

  /** Readiness condition: at least one of the listeners is open. */
  static final String LISTENERS = "listeners";

  /** Readiness condition: not on the way out. */
  static final String DRAIN = "drain";

  /** Where in its life a gateway is. */
  public enum Phase {
    STARTING,
    LIVE,
    DRAINING,
    STOPPED
  }

  private final GatewayOptions options;
  private final ClusterStateSource source;
  private final StatusSink statuses;
  private final TrafficPlane traffic;
  private final Readiness readiness;
  private final CompileLoop loop;
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.STARTING);
  private final CompletableFuture<CompileResult> firstLive = new CompletableFuture<>();
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();

  public GatewayServer(
      GatewayOptions options,
      ClusterStateSource source,
      StatusSink statuses,
      TrafficPlane traffic,
      Readiness readiness,
      CompileObserver observer) {
    this.options = requireNonNull(options, "options");
    this.source = requireNonNull(source, "source");
    this.statuses = requireNonNull(statuses, "statuses");
    this.traffic = requireNonNull(traffic, "traffic");
    this.readiness = requireNonNull(readiness, "readiness");
    this.loop =
        new CompileLoop(
            GatewayCompiler.standard(),
            options.compile(),
            traffic,
            statuses,
            observer,
            this::onLive);
    readiness.set(CONFIGURATION, false, "no configuration has been read yet");
    readiness.set(DRAIN, true, "");
    readiness.check(LISTENERS, this::missingListeners);
  }

  /** One port in use takes nothing from the others; all of them in use means nothing is served. */
  private Optional<String> missingListeners() {
    boolean wanted = live().filter(l -> !l.model().listeners().isEmpty()).isPresent();
    return wanted && boundListeners().isEmpty()
        ? Optional.of("no listener could be opened")
        : Optional.empty();
  }

  /** Starts reading objects. */
  public void start() {
    source.start(loop);
  }

  private void onLive(CompileResult result) {
    if (phase.compareAndSet(Phase.STARTING, Phase.LIVE)) {
      readiness.set(CONFIGURATION, true, "");
    }
    firstLive.complete(result);
  }

  public Phase phase() {
    return requireNonNull(phase.get());
  }

  /** Completes with the first compilation that is live. */
  public CompletionStage<CompileResult> firstLive() {
    return firstLive.minimalCompletionStage();
  }

  /** Completes when the gateway has stopped. */
  public CompletionStage<Void> stopped() {
    return stopped.minimalCompletionStage();
  }

  /** What is live; empty before the first. */
  public Optional<CompileResult> live() {
    return loop.live();
  }

  /** Everything wrong with the newest configuration, errors first; see {@link CompileLoop}. */
  public List<Problem> problems() {
    return loop.problems();
  }

  /** Listeners that are bound, as {@code name=address:port}, in the model's order. */
  public List<String> boundListeners() {
    var bound = new ArrayList<String>();
    for (ListenerSpec listener : live().map(l -> l.model().listeners()).orElse(List.of())) {
      int port = traffic.boundPort(listener);
      if (port > 0) {
        bound.add(listener.name() + "=" + listener.address() + ":" + port);
      }
    }
    return bound;
  }

  /**
   * Leaves in good order: readiness off, still accepting for the lame-duck time, then finishing
   * what runs, at most for the drain timeout. Configuration keeps following the source meanwhile.
   * Blocks; a second call waits for the first.
   */
  public void drain() {
    Phase before =
        phase.getAndUpdate(p -> p == Phase.STOPPED || p == Phase.DRAINING ? p : Phase.DRAINING);
    if (before == Phase.DRAINING || before == Phase.STOPPED) {
      stopped.join();
      return;
    }
    LOG.atInfo()
        .addKeyValue("lameDuck", options.lameDuck())
        .addKeyValue("atMost", options.drainTimeout())
        .log("draining");
    readiness.set(DRAIN, false, "draining");
    try {
      traffic.drain(options.lameDuck(), options.drainTimeout());
    } finally {
      close();
    }
  }

  /** Stops at once. May be called repeatedly. */
  @Override
  public void close() {
    if (phase.getAndSet(Phase.STOPPED) == Phase.STOPPED) {
      return;
    }
    readiness.set(DRAIN, false, "stopped");
    // Nothing may reach the data path any more once it is closed.
    source.close();
    loop.close();
    statuses.close();
    traffic.close();
    LOG.info("stopped");
    stopped.complete(null);
  }
}
