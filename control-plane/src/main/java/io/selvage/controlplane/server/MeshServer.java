// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.link.CertifyService;
import io.selvage.controlplane.link.ServerKeySource;
import io.selvage.controlplane.sessions.SessionCounters;
import io.selvage.controlplane.sessions.Sessions;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The gRPC port, on as many event loops as there are processors, four at most. One port serves both
 * services: Certify is open to whoever has a token, Connect needs a verified certificate of the
 * mesh.
 */
public final class MeshServer {
  private static final int MAX_LOOPS = 4;

  private final Vertx vertx;
  private final List<ServerLoop> loops;
  private final String deployment;
  private final AtomicInteger connections;

  /**
   * What calls are answered with.
   *
   * @param keys to serve with, and whose clients to believe
   * @param trustDomain of the identities that may connect
   */
  public record Services(
      ServerKeySource keys,
      String trustDomain,
      CertifyService certify,
      Sessions sessions,
      SessionCounters counters,
      InstantSource clock) {
    public Services {
      requireNonNull(keys, "keys");
      requireNonNull(trustDomain, "trustDomain");
      requireNonNull(certify, "certify");
      requireNonNull(sessions, "sessions");
      requireNonNull(counters, "counters");
      requireNonNull(clock, "clock");
    }
  }

  private MeshServer(
      Vertx vertx, List<ServerLoop> loops, String deployment, AtomicInteger connections) {
    this.vertx = vertx;
    this.loops = loops;
    this.deployment = deployment;
    this.connections = connections;
  }

  /**
   * Starts listening.
   *
   * @param address IP literal
   * @param port 0 = any free one
   * @return fails when the port is in use
   */
  public static Future<MeshServer> start(
      Vertx vertx, String address, int port, Services services, ServerLimits limits) {
    var loops = new CopyOnWriteArrayList<ServerLoop>();
    var connections = new AtomicInteger();
    int count = Math.min(MAX_LOOPS, Math.max(1, Runtime.getRuntime().availableProcessors()));
    return vertx
        .deployVerticle(
            () -> {
              var loop = new ServerLoop(address, port, services, limits, connections);
              loops.add(loop);
              return loop;
            },
            new DeploymentOptions().setInstances(count))
        .map(id -> new MeshServer(vertx, loops, id, connections));
  }

  /** The bound port. */
  public int port() {
    return loops.getFirst().port();
  }

  /** Connections open now. */
  public int connections() {
    return connections.get();
  }

  /**
   * Takes no more connections, tells those there are with GOAWAY, and closes those that are left
   * after a while.
   */
  public Future<Void> shutdown(Duration within) {
    return Future.join(loops.stream().map(loop -> loop.shutdown(within)).toList()).mapEmpty();
  }

  /** Closes everything at once. */
  public Future<Void> close() {
    return vertx.undeploy(deployment);
  }
}
