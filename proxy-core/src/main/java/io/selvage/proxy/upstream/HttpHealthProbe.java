// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.HealthCheckSpec;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.HeaderEdits.ValuePart;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Checks by an HTTP GET or a gRPC health call with Vert.x's client: off the path of requests, so
 * convenience comes before speed. What a cluster speaks over TLS is checked over TLS.
 */
final class HttpHealthProbe implements HealthProbe {
  /** Kept of a gRPC answer, which has 7 bytes when it is the right one. */
  private static final int MAX_GRPC_BODY_BYTES = 1024;

  private final ClusterSpec cluster;
  private final HealthCheckSpec spec;
  private final HttpClient client;
  private final boolean grpc;

  HttpHealthProbe(Vertx vertx, ClusterSpec cluster, HealthCheckSpec spec) {
    this.cluster = cluster;
    this.spec = spec;
    this.grpc = spec.grpcService().isPresent();
    this.client = vertx.createHttpClient(options());
  }

  @Override
  public CompletionStage<HealthState.Check> probe(Endpoint endpoint) {
    return client
        .request(requestOptions(endpoint))
        .compose(request ->
            (grpc ? callGrpc(request) : get(request))
                .timeout(timeoutMillis(), TimeUnit.MILLISECONDS)
                // Closes the connection (or stream) of a check that was given up.
                .onFailure(failure -> request.reset()))
        .otherwise(HealthState.Check.FAIL)
        .toCompletionStage();
  }

  @Override
  public void close() {
    client.close();
  }

  private Future<HealthState.Check> get(HttpClientRequest request) {
    applyHeaders(request);
    return request
        .send()
        // The body is read to its end, to use the connection again, and dropped.
        .compose(response -> response.end().map(ignored -> verdict(response.statusCode())));
  }

  private Future<HealthState.Check> callGrpc(HttpClientRequest request) {
    request.putHeader("content-type", "application/grpc").putHeader("te", "trailers");
    applyHeaders(request);
    return request
        .send(GrpcHealth.request(spec.grpcService().orElse("")))
        .compose(response -> {
          Buffer body = Buffer.buffer();
          response.handler(
              piece -> body.appendBuffer(piece, 0, Math.min(piece.length(), room(body))));
          return response.end().map(ignored -> grpcVerdict(response, body));
        });
  }

  private long timeoutMillis() {
    return Math.max(spec.timeoutMillis(), 1);
  }

  private static int room(Buffer body) {
    return MAX_GRPC_BODY_BYTES - body.length();
  }

  private HealthState.Check verdict(int status) {
    boolean expected =
        spec.expected().isEmpty()
            ? status == 200
            : spec.expected().stream().anyMatch(r -> status >= r.min() && status <= r.max());
    if (expected) {
      return HealthState.Check.PASS;
    }
    // As Emissary (Envoy) does: one 503 is enough.
    return status == 503 ? HealthState.Check.UNAVAILABLE : HealthState.Check.FAIL;
  }

  private static HealthState.Check grpcVerdict(HttpClientResponse response, Buffer body) {
    String status = response.getHeader("grpc-status");
    // Only asked for when there was a body, which is when there can be trailers.
    if (status == null && body.length() > 0) {
      status = response.getTrailer("grpc-status");
    }
    return response.statusCode() == 200 && "0".equals(status) && GrpcHealth.isServing(body)
        ? HealthState.Check.PASS
        : HealthState.Check.FAIL;
  }

  private void applyHeaders(HttpClientRequest request) {
    if (!spec.host().isEmpty()) {
      request.authority(HostAndPort.authority(spec.host()));
    }
    spec.headers().remove().forEach(name -> request.headers().remove(name));
    for (HeaderEdits.Add add : spec.headers().add()) {
      var value = new StringBuilder();
      for (ValuePart part : add.value()) {
        // A check has no client whose facts could be put in.
        if (part instanceof ValuePart.Literal(String text)) {
          value.append(text);
        }
      }
      if (add.append()) {
        request.headers().add(add.name(), value.toString());
      } else {
        request.headers().set(add.name(), value.toString());
      }
    }
  }

  private RequestOptions requestOptions(Endpoint endpoint) {
    String address = endpoint.spec().address();
    int port = endpoint.spec().port();
    return new RequestOptions()
        .setServer(SocketAddress.inetSocketAddress(port, address))
        .setMethod(grpc ? HttpMethod.POST : HttpMethod.GET)
        .setURI(grpc ? GrpcHealth.PATH : spec.path())
        .setHost(peerName(endpoint))
        .setPort(port)
        .setConnectTimeout(timeoutMillis());
  }

  /** Name for SNI and verification with TLS, and the Host field where the check has none. */
  private String peerName(Endpoint endpoint) {
    if (cluster.tls().isPresent()) {
      ClusterSpec.UpstreamTls tls = cluster.tls().get();
      if (!tls.verifyName().isEmpty()) {
        return tls.verifyName();
      }
      if (!tls.serverName().isEmpty()) {
        return tls.serverName();
      }
    }
    return spec.host().isEmpty() ? endpoint.hostname() : spec.host();
  }

  private HttpClientOptions options() {
    var options =
        new HttpClientOptions()
            .setConnectTimeout((int) Math.min(timeoutMillis(), 60_000))
            .setKeepAlive(true)
            .setIdleTimeout(60)
            .setDecompressionSupported(false);
    if (grpc || cluster.protocol() == ClusterSpec.Protocol.HTTP2) {
      options.setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false);
    }
    cluster.tls().ifPresent(tls -> applyTls(options, tls));
    return options;
  }

  private void applyTls(HttpClientOptions options, ClusterSpec.UpstreamTls tls) {
    options.setSsl(true).setForceSni(!tls.serverName().isEmpty());
    if (options.getProtocolVersion() == HttpVersion.HTTP_2) {
      options.setUseAlpn(true);
    }
    if (tls.trust().isPresent()) {
      options
          .setTrustOptions(
              new PemTrustOptions().addCertValue(Buffer.buffer(tls.trust().get().caPem())))
          .setVerifyHost(true);
      if (!tls.trust().get().crlPem().isEmpty()) {
        options.addCrlValue(Buffer.buffer(tls.trust().get().crlPem()));
      }
    } else {
      // The cluster itself does not verify either (see ClusterSpec.UpstreamTls#trust).
      options.setTrustAll(true).setVerifyHost(false);
    }
    tls.clientCertificate()
        .ifPresent(key ->
            options.setKeyCertOptions(
                new PemKeyCertOptions()
                    .addCertValue(Buffer.buffer(key.chainPem()))
                    .addKeyValue(Buffer.buffer(key.keyPem()))));
    Set<String> versions = new TreeSet<>(Set.of("TLSv1.2", "TLSv1.3"));
    tls.minVersion().ifPresent(min -> versions.removeIf(v -> v.compareTo(min) < 0));
    tls.maxVersion().ifPresent(max -> versions.removeIf(v -> v.compareTo(max) > 0));
    options.setEnabledSecureTransportProtocols(versions);
  }
}
