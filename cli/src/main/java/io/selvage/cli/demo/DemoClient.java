// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import io.selvage.model.routing.KeyMaterial;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** The visitor: sends real requests and believes only certificates it was told to believe. */
final class DemoClient implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  static {
    // The shop's host has no address, so it goes into the Host field, which the JDK guards.
    System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host");
  }

  /**
   * An answer.
   *
   * @param version such as {@code HTTP_2}
   */
  record Answer(int status, String version, java.net.http.HttpHeaders headers, String body) {
    static Answer of(HttpResponse<String> response) {
      return new Answer(
          response.statusCode(), response.version().name(), response.headers(), response.body());
    }

    String header(String name) {
      return headers.firstValue(name).orElse("");
    }

    /** Name of the sample backend that answered; empty if none did. */
    String backend() {
      return seen("backend");
    }

    /** Path and query as the backend saw them. */
    String pathSeen() {
      return seen("path");
    }

    private String seen(String field) {
      if (!header("content-type").equals("application/json")) {
        return "";
      }
      try {
        return new JsonObject(body).getString(field, "");
      } catch (DecodeException e) {
        return "";
      }
    }
  }

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(CONNECT_TIMEOUT)
          .build();

  Answer get(String url) throws IOException, InterruptedException {
    return get(url, "");
  }

  /**
   * @param host sent as Host; empty = the URL's
   */
  Answer get(String url, String host) throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(URI.create(url)).timeout(TIMEOUT);
    if (!host.isEmpty()) {
      request.header("host", host);
    }
    return Answer.of(client.send(request.build(), HttpResponse.BodyHandlers.ofString()));
  }

  Answer post(String url) throws IOException, InterruptedException {
    return Answer.of(
        client.send(
            HttpRequest.newBuilder(URI.create(url))
                .timeout(TIMEOUT)
                .POST(HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString()));
  }

  /** One request over TLS that offers HTTP/2. */
  static Answer getSecurely(String url, KeyMaterial trusted)
      throws IOException, InterruptedException, GeneralSecurityException {
    try (var secure =
        HttpClient.newBuilder()
            .sslContext(trusting(trusted))
            .version(HttpClient.Version.HTTP_2)
            .connectTimeout(CONNECT_TIMEOUT)
            .build()) {
      return Answer.of(
          secure.send(
              HttpRequest.newBuilder(URI.create(url)).timeout(TIMEOUT).build(),
              HttpResponse.BodyHandlers.ofString()));
    }
  }

  /** The certificate that a new handshake for a server name is answered with, unverified. */
  static X509Certificate certificate(int port, String serverName)
      throws IOException, GeneralSecurityException {
    try (SSLSocket socket = handshake(port, serverName)) {
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  private static SSLSocket handshake(int port, String serverName)
      throws IOException, GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new LookingTrustManager[] {new LookingTrustManager()}, null);
    var plain = new Socket();
    plain.connect(
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port),
        (int) CONNECT_TIMEOUT.toMillis());
    plain.setSoTimeout((int) TIMEOUT.toMillis());
    var socket = (SSLSocket) context.getSocketFactory().createSocket(plain, serverName, port, true);
    var parameters = socket.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(serverName)));
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  private static SSLContext trusting(KeyMaterial material)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setCertificateEntry("demo", parse(material));
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  static X509Certificate parse(KeyMaterial material) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(material.chainPem().getBytes(StandardCharsets.US_ASCII)));
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}
