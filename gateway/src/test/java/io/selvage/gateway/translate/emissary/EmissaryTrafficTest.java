// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.gateway.compile.CompileResult;
import io.selvage.gateway.compile.GatewayCompiler;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.kube.manifest.ManifestReader;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.proxy.engine.DataPlane;
import io.selvage.proxy.engine.DataPlaneOptions;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTarget;
import io.selvage.proxy.route.RouteHit;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.transport.VertxLoops;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Manifests in, bytes out: what a client and a backend see of Mappings and Hosts. */
class EmissaryTrafficTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

  private final Vertx vertx = VertxLoops.create(TransportKind.EPOLL, 1);
  private final DataPlane dataPlane = DataPlane.create(vertx, DataPlaneOptions.defaults());
  private ScriptedOrigin origin;

  @BeforeEach
  void startOrigin() throws IOException {
    origin = ScriptedOrigin.answering(OK);
  }

  @AfterEach
  void stop() throws Exception {
    dataPlane.close();
    origin.close();
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  /** Compiles the manifests beside a Listener and a Service {@code a}; returns the bound port. */
  private int serve(String manifests) {
    String all =
        """
        apiVersion: getambassador.io/v3alpha1
        kind: Listener
        metadata: {name: http}
        spec: {port: 8080, protocol: HTTP, securityModel: XFP, l7Depth: 1, hostBinding: {namespace: {from: ALL}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: a}
        spec: {ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: empty}
        spec: {ports: [{port: 80}]}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: a-1, labels: {kubernetes.io/service-name: a}}
        addressType: IPv4
        ports: [{port: %d}]
        endpoints: [{addresses: [127.0.0.1]}]
        ---
        """
                .formatted(origin.port())
            + manifests;
    var file = ManifestReader.read("test.yaml", all);
    assertThat(file.problems()).isEmpty();
    var state = ClusterState.builder();
    file.objects().forEach(o -> state.add(o.object()));
    CompileResult result =
        GatewayCompiler.standard()
            .compile(state.build(), CompileOptions.defaults().withListeners("127.0.0.1", 0, 0));
    result.endpoints().values().forEach(dataPlane::updateEndpoints);
    var report = dataPlane.apply(onFreePorts(result.model()));
    assertThat(report.problems()).isEmpty();
    return Objects.requireNonNull(dataPlane.ports().get("default/http"));
  }

  private static RoutingModel onFreePorts(RoutingModel model) {
    var listeners =
        model.listeners().stream()
            .map(l ->
                new ListenerSpec(
                    l.name(),
                    l.origin(),
                    l.address(),
                    0,
                    l.proxyProtocol(),
                    l.tls(),
                    l.http(),
                    l.securityModel(),
                    l.trustedHops(),
                    l.routeTable(),
                    l.tlsBindings(),
                    l.tcpRoutes(),
                    l.http2MaxConcurrentStreams(),
                    l.statsPrefix()))
            .toList();
    return new RoutingModel(listeners, model.routeTables(), model.clusters(), model.settings());
  }

  private static String exchange(int port, String request) throws IOException {
    try (var client = RawClient.connect(port)) {
      return client.send(request).readResponse();
    }
  }

  private static String get(int port, String path, String... headers) throws IOException {
    String extra = headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n";
    return exchange(port, "GET " + path + " HTTP/1.1\r\nhost: a.example.com\r\n" + extra + "\r\n");
  }

  @Test
  void rewritesThePrefixAndKeepsTheQuery() throws IOException {
    int port =
        serve(
            """
            apiVersion: getambassador.io/v3alpha1
            kind: Mapping
            metadata: {name: web}
            spec: {hostname: "*", prefix: /web/, service: a}
            """);

    assertThat(get(port, "/web/page?x=1")).startsWith("HTTP/1.1 200").endsWith("ok");
    assertThat(origin.requests().getFirst()).startsWith("GET /page?x=1 HTTP/1.1\r\n");
  }

  @Test
  void answersAnUnknownPathWithAnEmpty404() throws IOException {
    int port =
        serve(
            """
            apiVersion: getambassador.io/v3alpha1
            kind: Mapping
            metadata: {name: web}
            spec: {hostname: "*", prefix: /web/, service: a}
            """);

    String response = get(port, "/engine/");

    assertThat(response).startsWith("HTTP/1.1 404").contains("content-length: 0");
    assertThat(response).endsWith("\r\n\r\n").contains("server: selvage");
    assertThat(origin.connections()).isEmpty();
  }

  @Test
  void answersAServiceWithoutEndpointsWith503() throws IOException {
    int port =
        serve(
            """
            apiVersion: getambassador.io/v3alpha1
            kind: Mapping
            metadata: {name: web}
            spec: {hostname: "*", prefix: /web/, service: empty}
            """);

    assertThat(get(port, "/web/")).startsWith("HTTP/1.1 503");
  }

  @Test
  void editsHeadersBothWays() throws IOException {
    int port =
        serve(
            """
            apiVersion: getambassador.io/v3alpha1
            kind: Mapping
            metadata: {name: web}
            spec:
              hostname: "*"
              prefix: /web/
              service: a
              host_rewrite: upstream.example.com
              add_request_headers:
                x-plain: {value: text}
                x-over: {value: new, append: false}
                x-from: {value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %PROTOCOL%"}
              remove_request_headers: [x-secret]
              add_response_headers: {x-answer: {value: "%RESPONSE_CODE%"}}
              remove_response_headers: [content-type]
            """);

    String response = get(port, "/web/", "x-over: old", "x-secret: s", "x-forwarded-for: 9.9.9.9");

    String seen = origin.requests().getFirst();
    assertThat(seen)
        .contains("\r\nx-plain: text\r\n")
        .contains("\r\nx-over: new\r\n")
        .contains("\r\nx-from: 9.9.9.9 HTTP/1.1\r\n")
        .containsIgnoringCase("\r\nhost: upstream.example.com\r\n")
        .doesNotContain("x-secret")
        .doesNotContain("old");
    assertThat(response).contains("\r\nx-answer: 200\r\n");
  }

  @Test
  void redirectsInsecureRequestsByTheForwardedScheme() throws IOException {
    int port =
        serve(
            """
            apiVersion: getambassador.io/v3alpha1
            kind: Host
            metadata: {name: h}
            spec: {hostname: a.example.com}
            ---
            apiVersion: getambassador.io/v3alpha1
            kind: Mapping
            metadata: {name: web}
            spec: {hostname: a.example.com, prefix: /web/, service: a}
            """);

    assertThat(get(port, "/web/?q"))
        .startsWith("HTTP/1.1 301")
        .containsIgnoringCase("location: https://a.example.com/web/?q\r\n");
    assertThat(get(port, "/web/", "x-forwarded-proto: https")).startsWith("HTTP/1.1 200");
  }

  @Test
  void rejectsInsecureRequestsWith400AsDocumented() throws IOException {
    int port =
        serve(
            """
            apiVersion: getambassador.io/v3alpha1
            kind: Host
            metadata: {name: h}
            spec: {hostname: a.example.com, requestPolicy: {insecure: {action: Reject}}}
            ---
            apiVersion: getambassador.io/v3alpha1
            kind: Mapping
            metadata: {name: web}
            spec: {hostname: a.example.com, prefix: /web/, service: a}
            """);

    assertThat(get(port, "/web/")).startsWith("HTTP/1.1 400");
    assertThat(get(port, "/web/", "x-forwarded-proto: https")).startsWith("HTTP/1.1 200");
  }

  @Test
  void redirectsToAnotherHost() throws IOException {
    int port =
        serve(
            """
            apiVersion: getambassador.io/v3alpha1
            kind: Mapping
            metadata: {name: moved}
            spec:
              hostname: "*"
              prefix: /old/
              service: new.example.com
              host_redirect: true
              prefix_redirect: /new/
              redirect_response_code: 308
            """);

    assertThat(get(port, "/old/page?x=1"))
        .startsWith("HTTP/1.1 308")
        .containsIgnoringCase("location: http://new.example.com/new/page?x=1\r\n");
  }

  @Test
  void narrowsARouteToItsHostname() throws IOException {
    int port =
        serve(
            """
            apiVersion: getambassador.io/v3alpha1
            kind: Mapping
            metadata: {name: one}
            spec: {hostname: "*.example.com", prefix: /web/, service: a}
            """);

    assertThat(get(port, "/web/")).startsWith("HTTP/1.1 200");
    assertThat(exchange(port, "GET /web/ HTTP/1.1\r\nhost: a.example.org\r\n\r\n"))
        .startsWith("HTTP/1.1 404");
  }

  @Test
  void sharesTrafficExactlyByWeightAndLetsTheRestFallThrough() {
    serve(
        """
        apiVersion: getambassador.io/v3alpha1
        kind: Mapping
        metadata: {name: wide}
        spec: {hostname: "*", prefix: /, service: a}
        ---
        apiVersion: getambassador.io/v3alpha1
        kind: Mapping
        metadata: {name: one}
        spec: {hostname: "*", prefix: /web/, service: a, weight: 30}
        ---
        apiVersion: getambassador.io/v3alpha1
        kind: Mapping
        metadata: {name: two}
        spec: {hostname: "*", prefix: /web/, service: a, weight: 25, rewrite: /two/}
        """);
    var table = Objects.requireNonNull(dataPlane.current().routeTables().get("all"));
    var host = Objects.requireNonNull(table.virtualHost("a.example.com"));
    var head = new RequestHead();
    head.setTarget(new RequestTarget("/web/", "", false));
    head.setAuthority("a.example.com", "a.example.com");

    Map<String, Integer> taken = new TreeMap<>();
    for (int draw = 0; draw < 100; draw++) {
      var hit = new RouteHit();
      assertThat(host.find(head, draw, hit)).isTrue();
      var target = hit.route().spec().targets().get(hit.target());
      taken.merge(target.origin().name(), 1, Integer::sum);
    }

    assertThat(taken).isEqualTo(Map.of("one", 30, "two", 25, "wide", 45));
  }
}
