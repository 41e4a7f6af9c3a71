// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.gateway.explain.Explanation.Candidate;
import io.selvage.gateway.explain.Explanation.Verdict;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.SecurityModel;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.PathRewrite;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.StringMatch;
import io.selvage.model.routing.TcpRoute;
import io.selvage.model.routing.TlsBinding;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.model.routing.VirtualHostSpec.InsecureAction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class RequestExplainerTest {
  private static final ObjectRef WEB = new ObjectRef("Mapping", "default", "web");
  private static final ObjectRef SHOP = new ObjectRef("Ingress", "default", "shop");

  private final List<ListenerSpec> listeners = new ArrayList<>();
  private final List<VirtualHostSpec> hosts = new ArrayList<>();
  private final Map<String, EndpointSet> endpoints = new HashMap<>();
  private final TreeMap<String, ClusterSpec> clusters = new TreeMap<>();

  @Test
  void namesEndpointAndRewrittenPath() {
    listener("http", 18080, TlsMode.OFF);
    cluster("website", 9001);
    host(HostPattern.any(), prefix("web", "/web/", rewrite("website")));

    Explanation e = explain("http://127.0.0.1:18080/web/a?b=c");

    assertThat(e.verdict()).isEqualTo(Verdict.FORWARDED);
    assertThat(e.backend()).isNotNull();
    assertThat(e.backend().endpoint()).isEqualTo("127.0.0.1:9001");
    assertThat(e.backend().path()).isEqualTo("/a?b=c");
    assertThat(e.backend().host()).isEqualTo("127.0.0.1:18080");
    assertThat(e.routes().getFirst().origin()).isEqualTo("Mapping default/web");
  }

  @Test
  void saysWhyEachRunnerUpLost() {
    listener("http", 8080, TlsMode.OFF);
    cluster("a", 1);
    host(
        HostPattern.any(),
        route(
            "post-only",
            new RouteMatch(
                new PathMatch.Prefix("/x/", true),
                Optional.of(StringMatch.exact("POST")),
                List.of(),
                List.of()),
            RouteAction.Forward.to("a")),
        prefix("winner", "/x/", RouteAction.Forward.to("a")),
        prefix("later", "/", RouteAction.Forward.to("a")),
        prefix("elsewhere", "/y/", RouteAction.Forward.to("a")));

    Explanation e = explain("http://h:8080/x/1");

    assertThat(e.routes())
        .extracting(Candidate::name)
        .containsExactly("winner", "post-only", "later", "elsewhere");
    assertThat(e.routes().stream().map(Candidate::chosen))
        .containsExactly(true, false, false, false);
    assertThat(e.routes().get(1).reason()).contains("POST");
    assertThat(e.routes().get(2).reason()).contains("winner");
    assertThat(e.routes().get(3).reason()).isEqualTo("path /x/1 does not match the prefix /y/");
  }

  @Test
  void listsTenPathLosersAndCountsTheRest() {
    listener("http", 8080, TlsMode.OFF);
    cluster("a", 1);
    var routes = new ArrayList<RouteSpec>();
    for (int i = 0; i < RequestExplainer.MAX_PATH_LOSERS; i++) {
      routes.add(prefix("r" + i, "/r" + i + "/", RouteAction.Forward.to("a")));
    }
    host(HostPattern.any(), routes.toArray(RouteSpec[]::new));
    assertThat(explain("http://h:8080/none").routesNotListed()).isZero();

    routes.add(prefix("one more", "/one-more/", RouteAction.Forward.to("a")));
    hosts.clear();
    host(HostPattern.any(), routes.toArray(RouteSpec[]::new));
    Explanation e = explain("http://h:8080/none");
    assertThat(e.verdict()).isEqualTo(Verdict.NO_ROUTE);
    assertThat(e.status()).isEqualTo(404);
    assertThat(e.routes()).hasSize(RequestExplainer.MAX_PATH_LOSERS);
    assertThat(e.routesNotListed()).isOne();
  }

  @Test
  void theMoreSpecificHostWinsAndTheOtherIsNamed() {
    listener("http", 8080, TlsMode.OFF);
    cluster("a", 1);
    host(HostPattern.any(), prefix("any", "/", RouteAction.Forward.to("a")));
    host(HostPattern.exact("shop.test"), prefix("shop", "/", RouteAction.Forward.to("a")));

    Explanation e = explain("http://shop.test:8080/");

    assertThat(e.hosts()).extracting(Candidate::name).containsExactly("shop.test", "*");
    assertThat(e.hosts().getFirst().chosen()).isTrue();
    assertThat(e.hosts().get(1).reason()).contains("shop.test is more specific");
  }

  @Test
  void theHostHeaderReplacesTheAuthority() {
    listener("http", 8080, TlsMode.OFF);
    cluster("a", 1);
    host(HostPattern.exact("shop.test"), prefix("shop", "/", RouteAction.Forward.to("a")));

    assertThat(explain("http://127.0.0.1:8080/").verdict()).isEqualTo(Verdict.NO_HOST);
    assertThat(explain("http://127.0.0.1:8080/", "Host: shop.test").verdict())
        .isEqualTo(Verdict.FORWARDED);
  }

  @Test
  void aClusterWithoutEndpointsIs503() {
    listener("http", 8080, TlsMode.OFF);
    cluster("empty");
    host(HostPattern.any(), prefix("e", "/", RouteAction.Forward.to("empty")));

    Explanation e = explain("http://h:8080/");

    assertThat(e.verdict()).isEqualTo(Verdict.NO_ENDPOINT);
    assertThat(e.status()).isEqualTo(503);
    assertThat(e.summary()).contains("empty");
  }

  @Test
  void aPortNobodyListensOnIsSaidAndTheListenersAreNamed() {
    listener("http", 8080, TlsMode.OFF);

    Explanation e = explain("http://h:9999/");

    assertThat(e.verdict()).isEqualTo(Verdict.NO_LISTENER);
    assertThat(e.summary()).contains("9999");
    assertThat(e.listeners().getFirst().reason()).isEqualTo("listens on port 8080");
  }

  @Test
  void aPlainListenerDoesNotServeHttps() {
    listener("http", 8443, TlsMode.OFF);

    Explanation e = explain("https://h:8443/");

    assertThat(e.verdict()).isEqualTo(Verdict.NO_LISTENER);
    assertThat(e.listeners().getFirst().reason()).isEqualTo("does not speak TLS");
  }

  @Test
  void theCertificateIsChosenByServerName() {
    cluster("a", 1);
    host(HostPattern.any(), prefix("r", "/", RouteAction.Forward.to("a")));
    listeners.add(
        spec(
            "https",
            8443,
            TlsMode.REQUIRED,
            true,
            List.of(
                binding("wild", HostPattern.oneLabel(".test")),
                binding("exact", HostPattern.exact("shop.test"))),
            List.of()));

    Explanation e = explain("https://shop.test:8443/");
    assertThat(e.tls())
        .extracting(Candidate::origin)
        .containsExactly("Secret default/exact", "Secret default/wild");
    assertThat(e.verdict()).isEqualTo(Verdict.FORWARDED);
    assertThat(explain("https://other.example:8443/").verdict()).isEqualTo(Verdict.NO_CERTIFICATE);
    // An address is no server name, and there is no default certificate.
    assertThat(explain("https://127.0.0.1:8443/").verdict()).isEqualTo(Verdict.NO_CERTIFICATE);
  }

  @Test
  void aHostOfAnotherCertificateIsMisdirected() {
    cluster("a", 1);
    host(HostPattern.any(), prefix("r", "/", RouteAction.Forward.to("a")));
    listeners.add(
        spec(
            "https",
            8443,
            TlsMode.REQUIRED,
            true,
            List.of(
                binding("a", HostPattern.exact("a.test")),
                binding("b", HostPattern.exact("b.test"))),
            List.of()));

    assertThat(explain("https://a.test:8443/", "host: b.test").status()).isEqualTo(421);
    assertThat(explain("https://a.test:8443/", "host: a.test:8443").verdict())
        .isEqualTo(Verdict.FORWARDED);
  }

  @Test
  void aTcpRouteComesBeforeHttp() {
    cluster("db", 5432);
    var route =
        new TcpRoute(
            "db",
            new ObjectRef("TCPMapping", "default", "db"),
            List.of(HostPattern.exact("db.test")),
            TcpRoute.Tls.PASSTHROUGH,
            List.of(new TcpRoute.Backend("db", 100)),
            0);
    listeners.add(spec("tcp", 5000, TlsMode.OFF, false, List.of(), List.of(route)));

    Explanation e = explain("https://db.test:5000/");
    assertThat(e.verdict()).isEqualTo(Verdict.PASSED_THROUGH);
    assertThat(e.backend().endpoint()).isEqualTo("127.0.0.1:5432");
    assertThat(explain("https://else.test:5000/").verdict()).isEqualTo(Verdict.NO_ROUTE);
  }

  @Test
  void insecureRequestsFollowTheHostsPolicy() {
    listener("http", 8080, TlsMode.OFF);
    hosts.add(
        new VirtualHostSpec(
            HostPattern.exact("r.test"),
            Optional.empty(),
            InsecureAction.REDIRECT,
            8443,
            List.of()));
    hosts.add(
        new VirtualHostSpec(
            HostPattern.exact("x.test"), Optional.empty(), InsecureAction.REJECT, 0, List.of()));

    Explanation redirected = explain("http://r.test:8080/p?q");
    assertThat(redirected.status()).isEqualTo(301);
    assertThat(redirected.summary()).contains("https://r.test:8443/p?q");
    Explanation rejected = explain("http://x.test:8080/");
    assertThat(rejected.status()).isEqualTo(400);
    assertThat(rejected.verdict().isServed()).isFalse();
  }

  @Test
  void theDrawDecidesBetweenWeightedTargets() {
    listener("http", 8080, TlsMode.OFF);
    cluster("a", 1);
    cluster("b", 2);
    host(
        HostPattern.any(),
        new RouteSpec(
            "canary",
            WEB,
            "",
            RouteMatch.path(new PathMatch.Prefix("/", true)),
            List.of(
                new RouteSpec.Target(WEB, 90, RouteAction.Forward.to("a")),
                new RouteSpec.Target(SHOP, 10, RouteAction.Forward.to("b")))));

    assertThat(explain(question("http://h:8080/", 89)).backend().cluster()).isEqualTo("a");
    assertThat(explain(question("http://h:8080/", 90)).backend().cluster()).isEqualTo("b");
  }

  @Test
  void whatTheDataPathRefusesIsRefusedHere() {
    listener("http", 8080, TlsMode.OFF);
    cluster("a", 1);
    host(HostPattern.any(), prefix("r", "/", RouteAction.Forward.to("a")));

    assertThat(explain("http://h:8080/a\\b").verdict()).isEqualTo(Verdict.MALFORMED);
    assertThat(explain("http://u@h:8080/").status()).isEqualTo(400);
  }

  private Explanation explain(String url, String... headers) {
    return explain(
        new RequestQuestion(
            RequestUrl.parse(url),
            "GET",
            List.of(headers).stream().map(RequestQuestion.Field::parse).toList(),
            0));
  }

  private Explanation explain(RequestQuestion question) {
    var model =
        new RoutingModel(
            listeners,
            new TreeMap<>(Map.of("t", new RouteTableSpec("t", hosts))),
            clusters,
            Settings.defaults());
    return RequestExplainer.explain(ServedTables.compile(model, endpoints), question);
  }

  private static RequestQuestion question(String url, int draw) {
    return new RequestQuestion(RequestUrl.parse(url), "GET", List.of(), draw);
  }

  private void listener(String name, int port, TlsMode tls) {
    listeners.add(spec(name, port, tls, true, List.of(), List.of()));
  }

  private static ListenerSpec spec(
      String name,
      int port,
      TlsMode tls,
      boolean http,
      List<TlsBinding> bindings,
      List<TcpRoute> tcp) {
    return new ListenerSpec(
        name,
        Optional.empty(),
        "0.0.0.0",
        port,
        false,
        tls,
        http,
        SecurityModel.XFP,
        0,
        http ? "t" : "",
        bindings,
        tcp,
        100,
        name);
  }

  private static TlsBinding binding(String name, HostPattern pattern) {
    return new TlsBinding(
        name,
        new ObjectRef("Secret", "default", name),
        List.of(pattern),
        new KeyMaterial(name, "", ""),
        Optional.empty(),
        List.of("h2", "http/1.1"),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }

  private void cluster(String name, int... ports) {
    clusters.put(name, ClusterSpec.http(name));
    var addresses = new ArrayList<EndpointSet.Endpoint>();
    for (int port : ports) {
      addresses.add(EndpointSet.Endpoint.of("127.0.0.1", port));
    }
    endpoints.put(name, new EndpointSet(name, addresses));
  }

  private void host(HostPattern pattern, RouteSpec... routes) {
    hosts.add(
        new VirtualHostSpec(pattern, Optional.empty(), InsecureAction.ROUTE, 0, List.of(routes)));
  }

  private static RouteSpec prefix(String name, String prefix, RouteAction action) {
    return route(name, RouteMatch.path(new PathMatch.Prefix(prefix, true)), action);
  }

  private static RouteSpec route(String name, RouteMatch match, RouteAction action) {
    return new RouteSpec(name, WEB, "", match, List.of(new RouteSpec.Target(WEB, 100, action)));
  }

  private static RouteAction rewrite(String cluster) {
    return RouteAction.Forward.to(cluster).withPathRewrite(new PathRewrite.ReplacePrefix("/"));
  }
}
