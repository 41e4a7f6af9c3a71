// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import io.netty.channel.EventLoop;
import io.selvage.model.routing.ClusterSpec;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The work beside the path of requests that keeps clusters up to date: DNS and active health
 * checks. Uses one event loop for timers and I/O, and Vert.x's workers for rebuilding.
 *
 * <p>{@link #start} and {@link #stop} are for the thread that applies configuration.
 */
public final class ClusterUpkeep implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterUpkeep.class);

  private final Vertx vertx;
  private final EventLoop loop;
  private final NettyDnsLookup dns;
  private final Map<Cluster, Upkeep> running = new HashMap<>();

  private record Upkeep(@Nullable DnsEndpoints dns, @Nullable HealthChecks checks) {}

  public ClusterUpkeep(Vertx vertx) {
    this.vertx = vertx;
    VertxInternal internal = (VertxInternal) vertx;
    this.loop = internal.nettyEventLoopGroup().next();
    this.dns = new NettyDnsLookup(loop, internal.transport().datagramChannelFactory(), null);
  }

  /** Begins what the cluster's specification asks for; nothing for most clusters. */
  public synchronized void start(Cluster cluster) {
    ClusterSpec spec = cluster.spec();
    DnsEndpoints names = null;
    if (spec.endpoints() instanceof ClusterSpec.EndpointSource.Dns(String host, int port)) {
      Executor worker =
          task ->
              vertx.executeBlocking(() -> {
                task.run();
                return "";
              });
      names = new DnsEndpoints(cluster, host, port, dns, this::schedule, worker);
    }
    HealthChecks checks =
        spec.healthCheck()
            .map(check ->
                new HealthChecks(
                    cluster, check, new HttpHealthProbe(vertx, spec, check), this::schedule))
            .orElse(null);
    if (names == null && checks == null) {
      return;
    }
    if (running.putIfAbsent(cluster, new Upkeep(names, checks)) != null) {
      throw new IllegalStateException("cluster " + spec.name() + " is kept up already");
    }
    if (names != null) {
      names.start();
    }
    if (checks != null) {
      checks.start();
    }
  }

  /** Ends it: the cluster has left the configuration. Its endpoints stay as they are. */
  public synchronized void stop(Cluster cluster) {
    Upkeep upkeep = running.remove(cluster);
    if (upkeep == null) {
      return;
    }
    if (upkeep.dns() != null) {
      upkeep.dns().stop();
    }
    if (upkeep.checks() != null) {
      upkeep.checks().stop();
    }
  }

  @Override
  public synchronized void close() {
    List.copyOf(running.keySet()).forEach(this::stop);
    dns.close();
  }

  private void schedule(long delayMillis, Runnable task) {
    if (loop.isShuttingDown()) {
      return;
    }
    var _ =
        loop.schedule(
            () -> {
              try {
                task.run();
              } catch (RuntimeException e) {
                // A bug of ours; the future nobody looks at would hide it.
                LOG.atError().setCause(e).log("upkeep of a cluster failed");
              }
            },
            delayMillis,
            TimeUnit.MILLISECONDS);
  }
}
