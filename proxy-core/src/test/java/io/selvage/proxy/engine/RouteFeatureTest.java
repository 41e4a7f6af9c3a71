// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.Affinity;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.CorsSpec;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.HeaderEdits.Add;
import io.selvage.model.routing.HeaderEdits.Fact;
import io.selvage.model.routing.HeaderEdits.ValuePart;
import io.selvage.model.routing.HostRewrite;
import io.selvage.model.routing.ListenerSpec.SecurityModel;
import io.selvage.model.routing.PathRewrite;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.VirtualHostSpec.InsecureAction;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What routes and settings do to requests and responses, seen on the wire. */
class RouteFeatureTest {
  private static final String OK =
      "HTTP/1.1 200 OK\r\nserver: theirs\r\ncontent-length: 2\r\n\r\nhi";

  private static String get(String path, String fields) {
    return "GET " + path + " HTTP/1.1\r\nHost: a.example:8080\r\n" + fields + "\r\n";
  }

  /** One request through a route with this action; the response. */
  private static String exchange(ScriptedOrigin origin, RouteAction action, String request)
      throws Exception {
    try (var gateway =
            TestGateway.start().cluster("c", origin.port()).route("/api/", action).apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(request);
      return client.readResponse();
    }
  }

  /** The target was normalised before; only the rewrite makes these. */
  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {"/api/a/x..", "/api/a/x../b", "/api/a/x.", "/api/%2e%2e%2e/x..;p", "/api/a/x..?q"})
  void refusesATargetWhoseRewriteMakesADotSegment(String target) throws Exception {
    try (var origin = ScriptedOrigin.answering(OK)) {
      String response =
          exchange(
              origin,
              Actions.to("c")
                  .rewrite(new PathRewrite.Regex("/api/(.*)/x(.*)", "/z/\\2/\\1"))
                  .build(),
              get(target, ""));
      assertThat(response).startsWith("HTTP/1.1 400 ");
      assertThat(origin.requests()).isEmpty();
    }
  }

  @Test
  void rewritesPathHostAndHeaders() throws Exception {
    var requestEdits =
        new HeaderEdits(
            List.of("x-gone"),
            List.of(
                Add.literal("x-set", "1", false),
                new Add("x-from", List.of(new ValuePart.Variable(Fact.CLIENT_ADDRESS)), true)));
    var responseEdits =
        new HeaderEdits(List.of("x-inner"), List.of(Add.literal("x-outer", "2", true)));
    try (var origin = ScriptedOrigin.answering(OK.replace("server", "x-inner: 1\r\nserver"))) {
      String response =
          exchange(
              origin,
              Actions.to("c")
                  .rewrite(new PathRewrite.ReplacePrefix("/"))
                  .host(new HostRewrite.Literal("inner"))
                  .edits(requestEdits, responseEdits)
                  .build(),
              get("/api/x?q=1", "X-Gone: 1\r\nX-Set: 0\r\n"));
      String seen = origin.requests().getFirst();
      assertThat(seen).startsWith("GET /x?q=1 HTTP/1.1\r\nhost: inner\r\n");
      assertThat(RawClient.header(seen, "x-envoy-original-path")).isEqualTo("/api/x?q=1");
      assertThat(RawClient.header(seen, "x-gone")).isNull();
      assertThat(RawClient.header(seen, "x-set")).isEqualTo("1");
      assertThat(RawClient.header(seen, "x-from")).isEqualTo("127.0.0.1");
      assertThat(RawClient.header(response, "x-inner")).isNull();
      assertThat(RawClient.header(response, "x-outer")).isEqualTo("2");
      assertThat(RawClient.header(response, "server")).isEqualTo("selvage");
    }
  }

  @Test
  void redirectsAndResponds() throws Exception {
    var redirect =
        new RouteAction.Redirect(
            Optional.of("https"), Optional.empty(), 0, new PathRewrite.Keep(), 308);
    try (var gateway =
            TestGateway.start()
                .route("/r/", redirect)
                .route("/d/", new RouteAction.Respond(418, "text/plain", "tea", "direct"))
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/r/x?y", ""));
      String moved = client.readResponse();
      assertThat(moved).startsWith("HTTP/1.1 308");
      assertThat(RawClient.header(moved, "location")).isEqualTo("https://a.example/r/x?y");
      client.send(get("/d/", ""));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 418").endsWith("\r\n\r\ntea");
      assertThat(gateway.nth(2).outcome()).isEqualTo(Outcome.DIRECT);
    }
  }

  @Test
  void replacesErrorBodiesOfUpstreamAndGatewayAlike() throws Exception {
    var action = Actions.to("c").error(503, "text/html", "<b>soon</b>").build();
    try (var origin =
            ScriptedOrigin.answering(
                "HTTP/1.1 503 Service Unavailable\r\n"
                    + "content-encoding: gzip\r\n"
                    + "content-length: 5\r\n\r\n"
                    + "xxxxx");
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/up/", action)
                .cluster("none")
                .route("/none/", Actions.to("none").error(503, "text/html", "<b>none</b>").build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/up/", ""));
      String up = client.readResponse();
      assertThat(up).startsWith("HTTP/1.1 503").endsWith("\r\n\r\n<b>soon</b>");
      assertThat(RawClient.header(up, "content-type")).isEqualTo("text/html");
      assertThat(RawClient.header(up, "content-encoding")).isNull();
      client.send(get("/none/", ""));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 503").endsWith("<b>none</b>");
      client.send(get("/up/", ""));
      assertThat(client.readResponse()).endsWith("<b>soon</b>");
    }
  }

  @Test
  void answersPreflightsAndMarksResponses() throws Exception {
    var cors =
        new CorsSpec(
            List.of("https://ok"), List.of("GET"), List.of("x-a"), List.of("x-b"), true, "60");
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.to("c").cors(cors).build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(
          "OPTIONS / HTTP/1.1\r\n"
              + "Host: a\r\n"
              + "Origin: https://ok\r\n"
              + "Access-Control-Request-Method: GET\r\n\r\n");
      String preflight = client.readResponse();
      assertThat(preflight).startsWith("HTTP/1.1 200");
      assertThat(preflight).containsOnlyOnce("access-control-allow-origin: https://ok");
      assertThat(origin.requests()).isEmpty();
      client.send(get("/", "Origin: https://ok\r\n"));
      assertThat(client.readResponse()).containsOnlyOnce("access-control-allow-origin: https://ok");
      client.send(get("/", "Origin: https://evil\r\n"));
      assertThat(client.readResponse()).doesNotContain("access-control-allow-origin");
    }
  }

  @Test
  void redirectsInsecureRequestsButNotTheAcmeChallenge() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start()
                .security(SecurityModel.XFP, 0, InsecureAction.REDIRECT)
                .cluster("c", origin.port())
                .route("/", "c")
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/x", "X-Forwarded-Proto: https\r\n"));
      String moved = client.readResponse();
      assertThat(moved).startsWith("HTTP/1.1 301");
      assertThat(RawClient.header(moved, "location")).isEqualTo("https://a.example/x");
      client.send(get("/.well-known/acme-challenge/t", ""));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void believesForwardedFieldsOfTrustedProxiesOnly() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start()
                .security(SecurityModel.XFP, 2, InsecureAction.REJECT)
                .cluster("c", origin.port())
                .route("/", "c")
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(
          get(
              "/",
              "X-Forwarded-Proto: https\r\n"
                  + "X-Forwarded-For: 6.6.6.6, 1.1.1.1\r\n"
                  + "X-Forwarded-For: 2.2.2.2\r\n"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(gateway.only().clientAddress()).isEqualTo("1.1.1.1");
      String seen = origin.requests().getFirst();
      assertThat(RawClient.header(seen, "x-forwarded-for"))
          .isEqualTo("6.6.6.6, 1.1.1.1, 2.2.2.2, 127.0.0.1");
      assertThat(RawClient.header(seen, "x-forwarded-proto")).isEqualTo("https");
      client.send(get("/", "X-Forwarded-Proto: http\r\n"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 400");
    }
  }

  @Test
  void keepsAClientToItsEndpointByACookieOfItsOwn() throws Exception {
    ClusterSpec d = ClusterSpec.http("c");
    var spec =
        new ClusterSpec(
            d.name(),
            d.statsName(),
            d.endpoints(),
            d.protocol(),
            d.tls(),
            ClusterSpec.LoadBalancerPolicy.RING_HASH,
            2_000,
            30_000,
            0,
            d.defaultBreakers(),
            d.highBreakers(),
            d.accrual(),
            d.healthCheck(),
            d.tcpKeepalive());
    try (var one = ScriptedOrigin.answering(OK);
        var two = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start()
                .cluster(spec, one.port(), two.port())
                .route("/", Actions.to("c").affinity(new Affinity.Cookie("k", "/", 60)).build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/", ""));
      String cookie = RawClient.header(client.readResponse(), "set-cookie");
      assertThat(cookie).startsWith("k=").contains("Max-Age=60").contains("Path=/");
      ScriptedOrigin mine = one.requests().isEmpty() ? two : one;
      for (int i = 0; i < 10; i++) {
        client.send(get("/", "Cookie: a=b; " + cookie.split(";")[0] + "\r\n"));
        assertThat(RawClient.header(client.readResponse(), "set-cookie")).isNull();
      }
      assertThat(mine.requests()).hasSize(11);
    }
  }

  @Test
  void copiesTrafficToAShadowWithoutWaitingForIt() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var shadow = ScriptedOrigin.start(ScriptedOrigin.Connection::readToEnd);
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .cluster("s", shadow.port())
                .route("/", Actions.to("c").shadow("s").build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send("POST /p HTTP/1.1\r\nHost: a:81\r\nContent-Length: 3\r\n\r\nabc");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      Awaitility.await().until(() -> shadow.received().endsWith("abc"));
      assertThat(shadow.received()).startsWith("POST /p HTTP/1.1\r\nhost: a-shadow:81\r\n");
      assertThat(gateway.only().attempts()).isEqualTo(1);
    }
  }

  @Test
  void refusesDeniedAddresses() throws Exception {
    Settings d = Settings.defaults();
    var settings =
        new Settings(
            d.serverName(),
            true,
            false,
            false,
            false,
            d.underscores(),
            true,
            16 * 1024,
            75_000,
            Optional.empty(),
            Optional.of(new Settings.IpRules(List.of("127.0.0.0/8"), List.of())));
    try (var gateway = TestGateway.start().settings(settings).apply();
        var client = RawClient.connect(gateway.port());
        var old = RawClient.connect(gateway.port())) {
      client.send(get("/", ""));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 403");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.DENIED);
      old.send("GET / HTTP/1.0\r\n\r\n");
      assertThat(old.readToEnd()).startsWith("HTTP/1.1 426");
    }
  }

  @Test
  void givesGrpcClientsNoConfiguredErrorPageButEverybodyElse() throws Exception {
    var page = new RouteAction.Respond(404, "text/html", "<h1>no</h1>", "direct");
    try (var gateway = TestGateway.start().route("/", page).apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/", "Content-Type: application/grpc+proto\r\n"));
      String answer = client.readResponse();
      assertThat(answer)
          .startsWith("HTTP/1.1 200")
          .doesNotContain("text/html")
          .endsWith("\r\n\r\n");
      assertThat(RawClient.header(answer, "content-type")).isEqualTo("application/grpc");
      assertThat(RawClient.header(answer, "grpc-status")).isEqualTo("12");
      // gRPC-Web is another protocol: its clients read the status of HTTP.
      client.send(get("/", "Content-Type: application/grpc-web+proto\r\n"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 404").endsWith("<h1>no</h1>");
    }
  }

  @Test
  void givesGrpcClientsTheirErrorsInTheirOwnForm() throws Exception {
    try (var gateway = TestGateway.start().cluster("c").route("/", "c").apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/", "Content-Type: application/grpc\r\n"));
      String answer = client.readResponse();
      assertThat(answer).startsWith("HTTP/1.1 200");
      assertThat(RawClient.header(answer, "grpc-status")).isEqualTo("14");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.NO_ENDPOINTS);
      assertThat(gateway.only().grpcStatus()).isEqualTo(14);
    }
  }

  @Test
  void givesEveryRequestAnIdOfItsOwn() throws Exception {
    Set<String> ids = new HashSet<>();
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
        var client = RawClient.connect(gateway.port())) {
      for (int i = 0; i < 20; i++) {
        client.send(get("/", ""));
        client.readResponse();
        String id = RawClient.header(origin.requests().getLast(), "x-request-id");
        assertThat(id)
            .matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
        ids.add(id);
      }
      assertThat(ids).hasSize(20);
    }
  }
}
