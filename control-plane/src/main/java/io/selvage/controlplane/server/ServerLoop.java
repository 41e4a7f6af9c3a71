// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.Peers;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.controlplane.sessions.ProxySession;
import io.selvage.identity.workload.PeerVerdict;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TrustOptions;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The part of the gRPC port that lives on one event loop. */
final class ServerLoop extends VerticleBase {
  /** RFC 9113 section 7. */
  private static final long ENHANCE_YOUR_CALM = 11;

  private final String address;
  private final int port;
  private final MeshServer.Services services;
  private final ServerLimits limits;
  private final AtomicInteger connections;
  private final Strangers strangers;
  private final Members members;
  private final Handshakes handshakes;
  private final PeerIdentities identities;
  private final AtomicInteger certifying = new AtomicInteger();
  private final Map<HttpConnection, Connection> open = new IdentityHashMap<>();
  private @Nullable HttpServer server;

  /** What is known of a connection. */
  private final class Connection {
    final HttpConnection http;
    final long firstRequestTimer;
    final long lifeTimer;
    final long pingTimer;
    long pongTimer = -1;
    int streams;
    boolean used;
    int unusedPings;
    int controlFrames;
    long countedFrom = System.nanoTime();

    Connection(HttpConnection http, boolean stranger) {
      this.http = http;
      this.lifeTimer =
          stranger
              ? vertx.setTimer(limits.strangerLife().toMillis(), t -> close("StrangerTooLong"))
              : -1;
      this.firstRequestTimer =
          vertx.setTimer(
              limits.firstRequest().toMillis(),
              t -> {
                if (!used) {
                  close("NoRequest");
                }
              });
      this.pingTimer = vertx.setPeriodic(limits.ping().toMillis(), t -> look());
    }

    /** Whether the peer is there still, and wants anything. */
    private void look() {
      unusedPings = streams == 0 ? unusedPings + 1 : 0;
      if (limits.ping().multipliedBy(unusedPings).compareTo(limits.idle()) >= 0) {
        http.shutdown(limits.farewell());
        return;
      }
      // The next PING is asked for only after this answer's time is over.
      pongTimer = vertx.setTimer(limits.pong().toMillis(), t -> close("NoPong"));
      http.ping(Buffer.buffer(new byte[8])).onSuccess(answer -> vertx.cancelTimer(pongTimer));
    }

    /** PING and SETTINGS cost an answer each, and no stream bounds them (RFC 9113 section 10.5). */
    // Vert.x names nothing to be taken in the place of its goAway.
    @SuppressWarnings("deprecation")
    private void controlFrame() {
      long now = System.nanoTime();
      if (now - countedFrom > limits.controlFramesWithin().toNanos()) {
        countedFrom = now;
        controlFrames = 0;
      }
      if (++controlFrames == limits.controlFrames() + 1) {
        services.counters().refused("TooManyControlFrames");
        http.goAway(ENHANCE_YOUR_CALM);
        http.close();
      }
    }

    private void close(String reason) {
      services.counters().refused(reason);
      http.close();
    }

    void closed() {
      vertx.cancelTimer(firstRequestTimer);
      vertx.cancelTimer(pingTimer);
      vertx.cancelTimer(pongTimer);
      vertx.cancelTimer(lifeTimer);
    }
  }

  ServerLoop(
      String address,
      int port,
      MeshServer.Services services,
      ServerLimits limits,
      AtomicInteger connections,
      Strangers strangers,
      Members members,
      Handshakes handshakes) {
    this.address = address;
    this.port = port;
    this.services = services;
    this.limits = limits;
    this.connections = connections;
    this.strangers = strangers;
    this.members = members;
    this.handshakes = handshakes;
    this.identities = new PeerIdentities(services.keys(), services.trustDomain(), services.clock());
  }

  @Override
  public Future<?> start() {
    HttpServer starting =
        vertx
            .createHttpServer(options())
            .connectionHandler(this::accept)
            .requestHandler(this::handle)
            .exceptionHandler(e -> services.counters().refused("Connection"));
    server = starting;
    return starting.listen(SocketAddress.inetSocketAddress(port, address));
  }

  private HttpServerOptions options() {
    var options = new HttpServerOptions();
    options
        .setSsl(true)
        .setUseAlpn(true)
        .setSslEngineOptions(new JdkSSLEngineOptions())
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
        .setKeyCertOptions(KeyCertOptions.wrap(new LiveKeyManager(services.keys())))
        .setTrustOptions(TrustOptions.wrap(new LateTrustManager()))
        .setSslHandshakeTimeout(limits.handshake().toMillis())
        .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
        .setTcpKeepAlive(true);
    return options
        .setClientAuth(ClientAuth.REQUEST)
        .setAlpnVersions(List.of(HttpVersion.HTTP_2))
        .setMaxHeaderSize(limits.headerBytes())
        .setHttp2ClearTextEnabled(false)
        .setInitialSettings(
            new Http2Settings()
                .setMaxConcurrentStreams(limits.streamsPerConnection())
                .setMaxHeaderListSize(limits.headerBytes())
                .setPushEnabled(false));
  }

  int port() {
    return server == null ? 0 : server.actualPort();
  }

  Future<Void> shutdown(Duration within) {
    return server == null ? Future.succeededFuture() : server.shutdown(within);
  }

  private void accept(HttpConnection http) {
    handshakes.ended(http.remoteAddress());
    if (connections.incrementAndGet() > limits.connections()) {
      refuse(http, "TooManyConnections");
      return;
    }
    Optional<WorkloadIdentity> member = identity(http);
    String from = Peers.address(http.remoteAddress());
    if (member.isEmpty() && !strangers.admit(from)) {
      refuse(http, "TooManyStrangers");
      return;
    }
    if (member.isPresent() && !members.admit(member.get(), from)) {
      refuse(http, "TooManyOfMember");
      return;
    }
    var connection = new Connection(http, member.isEmpty());
    open.put(http, connection);
    http.pingHandler(ping -> connection.controlFrame());
    http.remoteSettingsHandler(settings -> connection.controlFrame());
    http.closeHandler(v -> {
      connections.decrementAndGet();
      member.ifPresentOrElse(identity -> members.left(identity, from), () -> strangers.left(from));
      connection.closed();
      open.remove(http);
    });
    http.exceptionHandler(e -> services.counters().refused("Connection"));
  }

  private void refuse(HttpConnection http, String reason) {
    services.counters().refused(reason);
    http.closeHandler(v -> connections.decrementAndGet());
    http.close();
  }

  /** By a certificate that would let the peer connect; empty without one. Certify needs none. */
  private Optional<WorkloadIdentity> identity(HttpConnection http) {
    try {
      return Optional.of(identities.verify(http.sslSession()).identity());
    } catch (RpcException e) {
      return Optional.empty();
    }
  }

  private void handle(HttpServerRequest request) {
    Connection connection = open.get(request.connection());
    if (connection == null || request.version() != HttpVersion.HTTP_2) {
      request.response().setStatusCode(505).end();
      return;
    }
    connection.used = true;
    connection.streams++;
    request.response().endHandler(v -> connection.streams--);
    String type = request.getHeader("content-type");
    if (!request.method().equals(HttpMethod.POST) || type == null || !isGrpc(type)) {
      request.response().setStatusCode(415).end();
      return;
    }
    var response = new GrpcResponse(vertx, request, limits.farewell());
    switch (request.path()) {
      case MeshProtocol.CERTIFY_PATH -> certify(request, response);
      case MeshProtocol.CONNECT_PATH -> connect(request, response);
      case MeshProtocol.SHARE_PATH -> share(request, response);
      case null, default -> response.end(Status.UNIMPLEMENTED, "there is no such method");
    }
  }

  private static boolean isGrpc(String type) {
    return type.equals("application/grpc")
        || type.startsWith("application/grpc+")
        || type.startsWith("application/grpc;");
  }

  private void certify(HttpServerRequest request, GrpcResponse response) {
    if (certifying.incrementAndGet() > limits.certifyInFlight()) {
      certifying.decrementAndGet();
      services.counters().refused("Busy");
      response.end(Status.UNAVAILABLE, "too many certificates are asked for, try again");
      return;
    }
    new CertifyCall(
            vertx, request, response, services.certify(), limits, certifying::decrementAndGet)
        .run();
  }

  private void connect(HttpServerRequest request, GrpcResponse response) {
    var call = new ConnectCall(vertx, request, response);
    try {
      PeerVerdict.Verified peer = identities.verify(request.connection().sslSession());
      ProxySession session =
          services
              .sessions()
              .open(peer.identity(), peer.notAfter(), Peers.address(request.remoteAddress()), call);
      call.attach(session);
    } catch (RpcException e) {
      services.counters().refused(e.status().name());
      response.end(e.status(), e.text());
    }
  }

  private void share(HttpServerRequest request, GrpcResponse response) {
    var call = new ShareCall(vertx, request, response);
    try {
      PeerVerdict.Verified peer = identities.verify(request.connection().sslSession());
      Duration life = Duration.between(services.clock().instant(), peer.notAfter());
      call.attach(services.replicas(), peer, life);
    } catch (RpcException e) {
      services.counters().refused(e.status().name());
      response.end(e.status(), e.text());
    }
  }
}
