// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.link.CertifyService;
import io.selvage.controlplane.link.ReplicaHub;
import io.selvage.controlplane.link.ServerKeySource;
import io.selvage.controlplane.sessions.SessionCounters;
import io.selvage.controlplane.sessions.Sessions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
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
  private final List<String> deployments;
  private final AtomicInteger connections;

  /**
   * What calls are answered with.
   *
   * @param keys to serve with, and whose clients to believe
   * @param trustDomain of the identities that may connect
   * @param replicas hears other replicas
   */
  public record Services(
      ServerKeySource keys,
      String trustDomain,
      CertifyService certify,
      Sessions sessions,
      SessionCounters counters,
      InstantSource clock,
      ReplicaHub replicas) {
    public Services {
      requireNonNull(keys, "keys");
      requireNonNull(trustDomain, "trustDomain");
      requireNonNull(certify, "certify");
      requireNonNull(sessions, "sessions");
      requireNonNull(counters, "counters");
      requireNonNull(clock, "clock");
      requireNonNull(replicas, "replicas");
    }

    /** There are no other replicas. */
    public Services(
        ServerKeySource keys,
        String trustDomain,
        CertifyService certify,
        Sessions sessions,
        SessionCounters counters,
        InstantSource clock) {
      this(keys, trustDomain, certify, sessions, counters, clock, ReplicaHub.none());
    }
  }

  private MeshServer(
      Vertx vertx, List<ServerLoop> loops, List<String> deployments, AtomicInteger connections) {
    this.vertx = vertx;
    this.loops = List.copyOf(loops);
    this.deployments = List.copyOf(deployments);
    this.connections = connections;
  }

  /**
   * Starts listening.
   *
   * @param address IP literal
   * @param port 0 = any free one, served by one loop only
   * @return fails when the port is in use
   */
  public static Future<MeshServer> start(
      Vertx vertx, String address, int port, Services services, ServerLimits limits) {
    return start(vertx, address, port, services, limits, new Handshakes(limits));
  }

  /**
   * The same where whoever accepts connections counts handshakes.
   *
   * @param handshakes told of those that have ended
   */
  public static Future<MeshServer> start(
      Vertx vertx,
      String address,
      int port,
      Services services,
      ServerLimits limits,
      Handshakes handshakes) {
    var members = new Members(limits);
    var connections = new AtomicInteger();
    var strangers = new Strangers(limits);
    var first =
        new ServerLoop(
            address, port, services, limits, connections, strangers, members, handshakes);
    int count = Math.min(MAX_LOOPS, Runtime.getRuntime().availableProcessors());
    // Vert.x shares a port among those who listen on it, but not one it was free to choose.
    int more = port == 0 ? 0 : count - 1;
    return vertx
        .deployVerticle(first)
        .compose(id -> {
          var loops = new ArrayList<ServerLoop>();
          loops.add(first);
          var deployed = new ArrayList<Future<String>>();
          deployed.add(Future.succeededFuture(id));
          for (int i = 0; i < more; i++) {
            var loop =
                new ServerLoop(
                    address, port, services, limits, connections, strangers, members, handshakes);
            loops.add(loop);
            deployed.add(vertx.deployVerticle(loop));
          }
          return Future.all(deployed)
              .map(all -> new MeshServer(vertx, loops, all.list(), connections));
        });
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
    return Future.join(deployments.stream().map(vertx::undeploy).toList()).mapEmpty();
  }
}
