// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.selvage.gateway.fixture.NamedOrigin;
import io.selvage.gateway.fixture.TestGatewayProcess;
import io.selvage.gateway.golden.Scenario;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.EndpointSlice;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.kube.Secret;
import io.selvage.testkit.RawClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Sends the requests of each scenario's {@code requests.yaml} to a gateway that runs its manifests,
 * with a real origin in the place of every endpoint.
 */
class IngressConformanceTest {
  private static final YAMLMapper YAML = new YAMLMapper();

  @TestFactory
  Stream<DynamicTest> scenarios() {
    return Scenario.of(Scenario.root().resolve("conformance")).stream()
        .map(s -> DynamicTest.dynamicTest(s.name(), () -> run(s)));
  }

  @Test
  void thereAreTwentyFive() {
    assertThat(Scenario.of(Scenario.root().resolve("conformance"))).hasSize(25);
  }

  private static void run(Scenario scenario) throws Exception {
    List<Map<String, Object>> requests =
        YAML.readValue(
            Files.readString(scenario.folder().resolve("requests.yaml")), new TypeReference<>() {});
    var origins = new ArrayList<NamedOrigin>();
    try (var gateway = TestGatewayProcess.start(scenario.options())) {
      gateway.source().put(withOrigins(scenario.state(), origins));
      gateway.awaitOtherThan(null);
      for (Map<String, Object> request : requests) {
        check(gateway, scenario, request);
      }
    } finally {
      origins.forEach(NamedOrigin::close);
    }
  }

  /** The same objects, each endpoint replaced by a slice of its own that names an origin. */
  private static ClusterState withOrigins(ClusterState state, List<NamedOrigin> origins)
      throws IOException {
    var builder = state.toBuilder();
    for (EndpointSlice slice : state.all(Kind.ENDPOINT_SLICE)) {
      builder.remove(slice.ref());
      for (int i = 0; i < slice.endpoints().size(); i++) {
        var origin = NamedOrigin.start(slice.serviceName());
        origins.add(origin);
        ObjectMeta m = slice.metadata();
        var port = slice.ports().getFirst();
        builder.add(
            new EndpointSlice(
                new ObjectMeta(
                    m.name() + "-" + i, m.namespace(), m.labels(), null, null, null, 0, null),
                "IPv4",
                List.of(
                    new EndpointSlice.Endpoint(List.of("127.0.0.1"), null, null, null, null, null)),
                List.of(
                    new EndpointSlice.Port(port.name(), origin.port(), port.protocol(), null))));
      }
    }
    return builder.build();
  }

  private static void check(
      TestGatewayProcess gateway, Scenario scenario, Map<String, Object> request) throws Exception {
    int repeat = (int) request.getOrDefault("repeat", 1);
    var endpoints = new HashSet<String>();
    for (int i = 0; i < repeat; i++) {
      String response = send(gateway, scenario, request);
      assertThat(response).as("%s", request).startsWith("HTTP/1.1 " + request.get("status") + " ");
      for (String name : List.of("content-length", "date", "server")) {
        assertThat(RawClient.header(response, name)).as(name).isNotNull();
      }
      assertThat(RawClient.header(response, "x-service")).isEqualTo(request.get("service"));
      String body = response.substring(response.indexOf("\r\n\r\n") + 4);
      if (request.containsKey("service")) {
        assertThat(RawClient.header(response, "content-type")).isNotNull();
        endpoints.add(String.valueOf(RawClient.header(response, "x-endpoint")));
        assertThat(body)
            .startsWith(request.get("method") + " " + request.get("path") + " HTTP/1.1\n")
            .contains("\nhost=" + host(request) + "\n", "\nuser-agent=conformance\n");
      } else {
        assertThat(body).isEmpty();
      }
    }
    if (request.containsKey("endpoints")) {
      assertThat(endpoints).hasSize((int) request.get("endpoints"));
    }
  }

  private static String host(Map<String, Object> request) {
    String host = String.valueOf(request.get("host"));
    return host.isEmpty() ? "127.0.0.1" : host;
  }

  private static String send(
      TestGatewayProcess gateway, Scenario scenario, Map<String, Object> request) throws Exception {
    boolean tls = Boolean.TRUE.equals(request.get("tls"));
    try (RawClient client =
        tls
            ? RawClient.over(tlsSocket(gateway.port("default/https"), host(request), scenario))
            : RawClient.connect(gateway.httpPort())) {
      return client
          .send(
              request.get("method")
                  + " "
                  + request.get("path")
                  + " HTTP/1.1\r\nHost: "
                  + host(request)
                  + "\r\nUser-Agent: conformance\r\nContent-Length: 0\r\n"
                  + "Connection: close\r\n\r\n")
          .readResponse();
    }
  }

  /** Verifies the certificate and the name, as the suite does. */
  private static SSLSocket tlsSocket(int port, String host, Scenario scenario)
      throws IOException, GeneralSecurityException {
    Secret secret = scenario.state().all(Kind.SECRET).iterator().next();
    byte[] pem = Base64.getDecoder().decode(secret.data().get("tls.crt"));
    var store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setCertificateEntry(
        "test",
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem)));
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    var plain = new Socket(InetAddress.getLoopbackAddress(), port);
    var socket = (SSLSocket) context.getSocketFactory().createSocket(plain, host, port, true);
    var parameters = socket.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(host)));
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }
}
