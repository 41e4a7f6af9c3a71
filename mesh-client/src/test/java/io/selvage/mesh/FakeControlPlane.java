// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.CertificateRequest;
import io.selvage.identity.issue.IssuedLeaf;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.model.wire.CertifyCodec;
import io.selvage.model.wire.ControlMessageCodec;
import io.selvage.model.wire.GrpcFrames;
import io.selvage.model.wire.ProxyMessageCodec;
import io.selvage.model.wire.WireException;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A control plane that does as it is told: real TLS, real certificates, real frames, and answers
 * that a test has put in.
 */
public final class FakeControlPlane implements AutoCloseable {
  public static final String TRUST_DOMAIN = "cluster.local";
  public static final WorkloadIdentity CONTROL = MeshOptions.controlIdentity(TRUST_DOMAIN);

  private final Vertx vertx;
  private volatile CertificateAuthorities.Created authority;
  private volatile TrustBundle bundle;
  private volatile @Nullable HttpServer server;
  private volatile int port;

  /** Tokens and whose they are. */
  public final Map<String, WorkloadIdentity> tokens = new ConcurrentHashMap<>();

  /** What {@code address:port} stands for; others are not answered. */
  public final Map<String, DestinationUpdate> destinations = new ConcurrentHashMap<>();

  /** Everything proxies said, in order. */
  public final List<ProxyMessage> received = new CopyOnWriteArrayList<>();

  /** Sent right after Welcome. */
  public final List<ControlMessage> greetings = new CopyOnWriteArrayList<>();

  public final AtomicInteger certified = new AtomicInteger();

  /** Keys that certificates were issued to, in order; each is here before it is counted. */
  public final List<PublicKey> keys = new CopyOnWriteArrayList<>();

  public volatile Duration lifetime = Duration.ofHours(24);
  public volatile boolean refusing;

  /** Flow control of a stream, in bytes; from the next {@link #start} on. */
  public volatile int window = 65_535;

  private final List<HttpServerRequest> connected = new CopyOnWriteArrayList<>();
  public volatile WorkloadIdentity self = CONTROL;
  private final List<HttpServerResponse> streams = new CopyOnWriteArrayList<>();

  public FakeControlPlane(Vertx vertx) {
    this.vertx = vertx;
    this.authority = CertificateAuthorities.create(TRUST_DOMAIN, Instant.now(), Duration.ofDays(1));
    this.bundle = authority.bundle();
  }

  public TrustBundle bundle() {
    return bundle;
  }

  public int port() {
    return port;
  }

  public FakeControlPlane start() throws Exception {
    KeyPair keys = WorkloadKeys.create();
    IssuedLeaf leaf =
        issuer().issue(self, keys.getPublic(), Instant.now(), lifetime, Duration.ofSeconds(20));
    var options =
        new HttpServerOptions()
            .setHost("127.0.0.1")
            .setPort(port)
            .setSsl(true)
            .setUseAlpn(true)
            .setInitialSettings(new Http2Settings().setInitialWindowSize(window))
            .setClientAuth(ClientAuth.REQUEST)
            .setKeyCertOptions(
                new PemKeyCertOptions()
                    .addCertValue(Buffer.buffer(PemText.write(leaf.chain())))
                    .addKeyValue(Buffer.buffer(WorkloadKeys.pem(keys.getPrivate()))))
            .setTrustOptions(new PemTrustOptions().addCertValue(Buffer.buffer(bundle.pem())));
    HttpServer started =
        vertx
            .createHttpServer(options)
            .requestHandler(this::serve)
            .listen()
            .toCompletionStage()
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
    server = started;
    port = started.actualPort();
    return this;
  }

  public void stop() throws Exception {
    streams.clear();
    requireNonNull(server)
        .close()
        .toCompletionStage()
        .toCompletableFuture()
        .get(20, TimeUnit.SECONDS);
  }

  /** New root and issuer; the bundle holds the old anchor too. */
  public void rotate() {
    authority = CertificateAuthorities.create(TRUST_DOMAIN, Instant.now(), Duration.ofDays(1));
    bundle = bundle.plus(authority.bundle());
  }

  /** The old anchors are believed no more. */
  public void dropOldAnchors() {
    bundle = authority.bundle();
  }

  /** Takes nothing any more from those connected now, or goes on with it. */
  public void setReading(boolean reading) {
    connected.forEach(request -> {
      if (reading) {
        request.resume();
      } else {
        request.pause();
      }
    });
  }

  public int streams() {
    return streams.size();
  }

  public void push(ControlMessage message) {
    synchronized (streams) {
      streams.forEach(stream -> write(stream, message));
    }
  }

  /** Ends every stream with a status. */
  public void endStreams(int status, String message) {
    synchronized (streams) {
      List.copyOf(streams).forEach(stream -> end(stream, status, message));
    }
  }

  public void cutStreams() {
    List.copyOf(streams).forEach(stream -> stream.reset());
  }

  private Issuer issuer() {
    return switch (Issuer.of(
        List.of(authority.issuer()), authority.issuerKey(), bundle, Instant.now())) {
      case Issuer.Parsed.Accepted(Issuer accepted) -> accepted;
      case Issuer.Parsed.Rejected(String reason, String message) ->
          throw new IllegalStateException(reason + " " + message);
    };
  }

  private void serve(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    response.putHeader("content-type", "application/grpc");
    var frames = new GrpcFrames();
    boolean connect = request.path().equals(MeshProtocol.CONNECT_PATH);
    if (connect) {
      connected.add(request);
      response.setChunked(true);
      response.exceptionHandler(_ -> streams.remove(response));
      response.closeHandler(_ -> streams.remove(response));
    }
    request.handler(data -> {
      byte[] bytes = data.getBytes();
      try {
        frames.read(
            bytes,
            0,
            bytes.length,
            message -> {
              if (connect) {
                onProxy(response, message);
              } else {
                certify(response, message);
              }
            });
      } catch (WireException e) {
        end(response, 3, String.valueOf(e.getMessage()));
      }
    });
  }

  private void certify(HttpServerResponse response, byte[] message) throws WireException {
    Certify.Request request = CertifyCodec.decodeRequest(message);
    WorkloadIdentity identity = tokens.get(request.token());
    if (refusing || identity == null) {
      end(response, 16, "the token is nobody's");
      return;
    }
    if (!(CertificateRequest.parse(request.csr())
        instanceof CertificateRequest.Parsed.Accepted(CertificateRequest csr))) {
      end(response, 3, "bad request");
      return;
    }
    IssuedLeaf leaf =
        issuer().issue(identity, csr.key(), Instant.now(), lifetime, Duration.ofSeconds(20));
    keys.add(csr.key());
    certified.incrementAndGet();
    byte[] answer =
        CertifyCodec.encode(
            new Certify.Response(
                identity.uri(),
                leaf.chain().stream().map(PemText::write).toList(),
                leaf.notAfter().toEpochMilli(),
                bundle.pem(),
                bundle.fingerprint()));
    response.write(Buffer.buffer(GrpcFrames.frame(answer)));
    end(response, 0, "");
  }

  private void onProxy(HttpServerResponse response, byte[] bytes) throws WireException {
    ProxyMessage message = ProxyMessageCodec.decode(bytes).orElseThrow();
    received.add(message);
    switch (message) {
      case ProxyMessage.Hello _ -> {
        // One step: a proxy that has heard its Welcome hears what is pushed next.
        synchronized (streams) {
          write(response, new ControlMessage.Welcome(MeshProtocol.VERSION, "fake", 500));
          greetings.forEach(greeting -> write(response, greeting));
          streams.add(response);
        }
      }
      case ProxyMessage.Subscribe(long id, String address, int wanted) -> {
        DestinationUpdate update = destinations.get(address + ":" + wanted);
        if (update != null) {
          write(response, new ControlMessage.Destination(id, update));
        }
      }
      default -> {
        // Only remembered.
      }
    }
  }

  private static void write(HttpServerResponse response, ControlMessage message) {
    response.write(Buffer.buffer(GrpcFrames.frame(ControlMessageCodec.encode(message))));
  }

  private static void end(HttpServerResponse response, int status, String message) {
    response.putTrailer("grpc-status", Integer.toString(status));
    if (!message.isEmpty()) {
      response.putTrailer("grpc-message", message);
    }
    response.end();
  }

  @Override
  public void close() throws Exception {
    if (server != null) {
      stop();
    }
  }
}
