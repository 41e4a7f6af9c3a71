// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.webhook;

import static java.util.Objects.requireNonNull;

import io.selvage.injector.serving.ServingMaterial;
import io.selvage.injector.webhook.ClusterView.ClusterAwayException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ServerSSLOptions;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes reviews by {@code POST /} over TLS and nothing else. Bodies are bounded one by one and
 * together; whoever sends slowly is cut off. Reviews are answered on worker threads.
 */
public final class AdmissionServer {
  private static final Logger log = LoggerFactory.getLogger(AdmissionServer.class);

  /** Largest body in bytes: an object has 1.5 MiB at most in etcd, and an update carries two. */
  public static final int MAX_BODY = 3 * 1024 * 1024;

  /** Bodies held at the same time, in bytes; beyond it 503. */
  static final long MAX_HELD = 32L * 1024 * 1024;

  /** The API server waits 30 s at most, and by our own registration 10. */
  private static final long REQUEST_MILLIS = 10_000;

  /** Less than an injector waits for its parts to close. */
  static final Duration DRAIN = Duration.ofSeconds(5);

  private static final Refusal TOO_LARGE =
      new Refusal(413, "a review has " + MAX_BODY + " bytes at most");

  private final Vertx vertx;
  private final AdmissionHandler handler;
  private final AdmissionMetrics metrics;
  private final Optional<ClientCheck> clients;
  private final AtomicLong held = new AtomicLong();
  private final HttpServer server;

  /**
   * Who may ask.
   *
   * @param authoritiesPem who vouches for the API server's client certificate
   * @param names common names that are accepted; any when empty
   */
  public record ClientCheck(String authoritiesPem, Set<String> names) {
    public ClientCheck {
      requireNonNull(authoritiesPem, "authoritiesPem");
      names = Set.copyOf(names);
    }
  }

  /**
   * @param clients absent if whoever reaches the port may ask, which then needs a NetworkPolicy
   */
  public AdmissionServer(
      Vertx vertx,
      AdmissionHandler handler,
      AdmissionMetrics metrics,
      Optional<ClientCheck> clients,
      ServingMaterial material) {
    this.vertx = vertx;
    this.handler = handler;
    this.metrics = metrics;
    this.clients = clients;
    var options =
        new HttpServerOptions()
            .setSsl(true)
            .setUseAlpn(true)
            .setKeyCertOptions(keys(material))
            .setEnabledSecureTransportProtocols(Set.of("TLSv1.3", "TLSv1.2"))
            .setSslHandshakeTimeout(10)
            .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS)
            .setIdleTimeout(90)
            .setIdleTimeoutUnit(TimeUnit.SECONDS);
    clients.ifPresent(
        check -> options.setClientAuth(ClientAuth.REQUIRED).setTrustOptions(trust(check)));
    this.server =
        vertx
            .createHttpServer(options)
            .exceptionHandler(e -> log.debug("a connection failed: {}", e.toString()))
            .requestHandler(this::take);
  }

  /** Opens the port. */
  public Future<Integer> listen(String address, int port) {
    return server.listen(port, address).map(HttpServer::actualPort);
  }

  /** Serves new connections by another certificate; those that are open stay. */
  public Future<Boolean> update(ServingMaterial material) {
    var options =
        new ServerSSLOptions()
            .setKeyCertOptions(keys(material))
            .setUseAlpn(true)
            .setApplicationLayerProtocols(List.of("h2", "http/1.1"))
            .setEnabledSecureTransportProtocols(Set.of("TLSv1.3", "TLSv1.2"));
    clients.ifPresent(
        check -> options.setClientAuth(ClientAuth.REQUIRED).setTrustOptions(trust(check)));
    return server.updateSSLOptions(options);
  }

  /** Takes no connection any more, and answers what has been asked, within {@link #DRAIN}. */
  public Future<Void> close() {
    return close(DRAIN);
  }

  /** The same within another time. */
  Future<Void> close(Duration drain) {
    return server.shutdown(drain.toSeconds(), TimeUnit.SECONDS);
  }

  private static PemKeyCertOptions keys(ServingMaterial material) {
    return new PemKeyCertOptions()
        .addCertValue(Buffer.buffer(material.certificatePem()))
        .addKeyValue(Buffer.buffer(material.keyPem()));
  }

  private static PemTrustOptions trust(ClientCheck check) {
    return new PemTrustOptions().addCertValue(Buffer.buffer(check.authoritiesPem()));
  }

  private void take(HttpServerRequest request) {
    new Reading(request, refusal(request)).start();
  }

  /** Why a request is not read as a review; null if it is. */
  private @Nullable Refusal refusal(HttpServerRequest request) {
    if (!"/".equals(request.path())) {
      return new Refusal(404, "there is nothing here");
    }
    if (!request.method().equals(HttpMethod.POST)) {
      return new Refusal(405, "reviews come by POST");
    }
    if (!isJson(request.getHeader("content-type"))) {
      return new Refusal(415, "reviews come as application/json");
    }
    if (!isAllowed(request)) {
      return new Refusal(403, "the client's certificate is not one of the API server's");
    }
    return declared(request) > MAX_BODY ? TOO_LARGE : null;
  }

  private record Refusal(int status, String message) {}

  /** One body on its way in; confined to the connection's event loop. */
  private final class Reading {
    private final HttpServerRequest request;
    private @Nullable Refusal refusal;
    private Buffer body = Buffer.buffer();
    private boolean ended;
    private long counted;
    private long holding;
    private long timer;

    Reading(HttpServerRequest request, @Nullable Refusal refusal) {
      this.request = request;
      this.refusal = refusal;
    }

    void start() {
      timer =
          vertx.setTimer(
              REQUEST_MILLIS, id -> end(new Refusal(408, "the review did not arrive in time")));
      request.exceptionHandler(e -> {
        vertx.cancelTimer(timer);
        // What is being answered is held until the answer is there, whoever has gone meanwhile.
        if (!ended) {
          ended = true;
          release();
        }
      });
      request.handler(this::add);
      request.endHandler(v -> {
        Refusal refused = refusal;
        if (refused != null) {
          end(refused);
        } else if (!ended) {
          answer();
        }
      });
    }

    private void add(Buffer chunk) {
      counted += chunk.length();
      if (ended || refusal != null) {
        // Whoever is sending reads the answer only when all is sent; so some more is thrown away.
        if (counted > 2L * MAX_BODY) {
          end(refusal == null ? TOO_LARGE : refusal);
        }
        return;
      }
      holding += chunk.length();
      if (held.addAndGet(chunk.length()) > MAX_HELD) {
        refuseLater(new Refusal(503, "too many reviews at once"));
      } else if (counted > MAX_BODY) {
        refuseLater(TOO_LARGE);
      } else {
        body.appendBuffer(chunk);
      }
    }

    private void refuseLater(Refusal why) {
      refusal = why;
      release();
    }

    /** Answers now, whatever may still come. */
    private void end(Refusal why) {
      vertx.cancelTimer(timer);
      if (!ended) {
        ended = true;
        release();
        refuse(request, why);
      }
    }

    private void release() {
      held.addAndGet(-holding);
      holding = 0;
      body = Buffer.buffer();
    }

    private void answer() {
      vertx.cancelTimer(timer);
      ended = true;
      byte[] bytes = body.getBytes();
      body = Buffer.buffer();
      vertx
          .executeBlocking(() -> handler.handle(bytes), false)
          .onComplete(done -> {
            release();
            HttpServerResponse response = request.response();
            if (response.closed() || response.ended()) {
              return;
            }
            if (done.succeeded()) {
              response
                  .putHeader("content-type", "application/json")
                  .end(Buffer.buffer(done.result()));
            } else {
              refuse(request, excuse(done.cause()));
            }
          });
    }
  }

  private static Refusal excuse(Throwable cause) {
    return switch (cause) {
      case BadReviewException e -> new Refusal(400, String.valueOf(e.getMessage()));
      case ClusterAwayException e -> new Refusal(503, String.valueOf(e.getMessage()));
      default -> {
        log.error("a review could not be answered", cause);
        yield new Refusal(500, "the review could not be answered; the log says why");
      }
    };
  }

  private void refuse(HttpServerRequest request, Refusal why) {
    metrics.refused(why.status());
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed()) {
      return;
    }
    if (why.status() == 405) {
      response.putHeader("allow", "POST");
    }
    response
        .setStatusCode(why.status())
        .putHeader("content-type", "text/plain; charset=utf-8")
        .end(why.message() + "\n")
        .onComplete(done -> {
          if (!request.isEnded()) {
            request.connection().close();
          }
        });
  }

  private static boolean isJson(@Nullable String type) {
    if (type == null) {
      return false;
    }
    int end = type.indexOf(';');
    String media = (end < 0 ? type : type.substring(0, end)).strip().toLowerCase(Locale.ROOT);
    return media.equals("application/json");
  }

  private static long declared(HttpServerRequest request) {
    String length = request.getHeader("content-length");
    try {
      return length == null ? 0 : Long.parseLong(length);
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }

  private boolean isAllowed(HttpServerRequest request) {
    if (clients.isEmpty() || clients.get().names().isEmpty()) {
      return true; // the handshake has asked for a certificate where one is wanted
    }
    try {
      List<Certificate> chain = request.connection().peerCertificates();
      return !chain.isEmpty()
          && chain.getFirst() instanceof X509Certificate leaf
          && clients.get().names().contains(commonName(leaf));
    } catch (SSLPeerUnverifiedException e) {
      return false;
    }
  }

  private static String commonName(X509Certificate certificate) {
    try {
      return new LdapName(certificate.getSubjectX500Principal().getName())
          .getRdns().stream()
              .filter(rdn -> rdn.getType().equalsIgnoreCase("CN"))
              .map(rdn -> String.valueOf(rdn.getValue()))
              .findFirst()
              .orElse("");
    } catch (InvalidNameException e) {
      return "";
    }
  }
}
