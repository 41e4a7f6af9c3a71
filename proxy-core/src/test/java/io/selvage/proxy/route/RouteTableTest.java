// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static io.selvage.proxy.route.Routes.LOOKUP;
import static io.selvage.proxy.route.Routes.get;
import static io.selvage.proxy.route.Routes.host;
import static io.selvage.proxy.route.Routes.prefix;
import static io.selvage.proxy.route.Routes.regex;
import static io.selvage.proxy.route.Routes.route;
import static io.selvage.proxy.route.Routes.winner;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.RouteAction.Forward;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.proxy.upstream.Cluster;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Compilation of whole tables: isolation, reuse, explanation. */
class RouteTableTest {

  @Test
  void oneBadRouteRemovesOnlyItself() {
    RouteTable table =
        Routes.table(
            host(HostPattern.exact("a"), route("bad", regex("(")), route("good", prefix("/"))),
            host(HostPattern.exact("b"), route("other", prefix("/"))));

    assertThat(table.problems()).singleElement().extracting("reason").isEqualTo("InvalidRegex");
    assertThat(winner(virtualHost(table, "a"), get("/x"))).isEqualTo("good");
    assertThat(winner(virtualHost(table, "b"), get("/x"))).isEqualTo("other");
  }

  /** Nested deep enough to exhaust a recursive parser's stack. */
  @Test
  void survivesAnExpressionNestedTenThousandTimes() {
    String nested = "(".repeat(10_000) + "a" + ")".repeat(10_000);
    RouteTable table =
        Routes.table(
            host(HostPattern.any(), route("deep", regex(nested)), route("good", prefix("/"))));

    assertThat(winner(virtualHost(table, "x"), get("/"))).isEqualTo("good");
  }

  @Test
  void aMissingClusterCostsOnlyItsShareOfTheTraffic() {
    var targets =
        List.of(Routes.target(30, Forward.to("missing")), Routes.target(70, Forward.to("c")));
    RouteTable table =
        Routes.table(
            host(
                HostPattern.any(),
                new RouteSpec(
                    "r",
                    Routes.ORIGIN,
                    "",
                    io.selvage.model.routing.RouteMatch.path(prefix("/")),
                    targets)));

    assertThat(table.problems()).singleElement().extracting("reason").isEqualTo("ClusterNotFound");
    var hit = new RouteHit();
    assertThat(virtualHost(table, "x").find(get("/"), 29, hit)).isTrue();
    assertThat(hit.action()).isInstanceOf(RespondAction.class);
    assertThat(virtualHost(table, "x").find(get("/"), 30, hit)).isTrue();
    assertThat(hit.action()).isInstanceOf(ForwardAction.class);
  }

  @Test
  void takesOverVirtualHostsThatDidNotChange() {
    RouteTable before =
        Routes.table(
            host(HostPattern.exact("a"), route("1", prefix("/"))),
            host(HostPattern.exact("b"), route("2", prefix("/"))));

    RouteTable after =
        RouteTable.compile(
            new RouteTableSpec(
                "t",
                List.of(
                    host(HostPattern.exact("a"), route("1", prefix("/"))),
                    host(HostPattern.exact("b"), route("2", prefix("/changed"))))),
            LOOKUP,
            before);

    assertThat(after.virtualHost("a")).isSameAs(before.virtualHost("a"));
    assertThat(after.virtualHost("b")).isNotSameAs(before.virtualHost("b"));
    assertThat(winner(virtualHost(after, "b"), get("/x"))).isNull();
  }

  @Test
  void compilesAnewWhenAClusterWasReplaced() {
    Map<String, Cluster> clusters = new HashMap<>();
    clusters.put("c", Cluster.create(ClusterSpec.http("c"), 1));
    var spec = new RouteTableSpec("t", List.of(host(HostPattern.any(), route("1", prefix("/")))));
    RouteTable before = RouteTable.compile(spec, clusters::get, null);
    clusters.put("c", Cluster.create(ClusterSpec.http("c"), 1));

    RouteTable after = RouteTable.compile(spec, clusters::get, before);

    var hit = new RouteHit();
    assertThat(virtualHost(after, "x").find(get("/"), 0, hit)).isTrue();
    assertThat(((ForwardAction) hit.action()).cluster()).isSameAs(clusters.get("c"));
  }

  @Test
  void triesAgainWhatCouldNotBeCompiledBefore() {
    Map<String, Cluster> clusters = new HashMap<>();
    var spec = new RouteTableSpec("t", List.of(host(HostPattern.any(), route("1", prefix("/")))));
    RouteTable before = RouteTable.compile(spec, clusters::get, null);
    assertThat(before.problems()).hasSize(1);
    clusters.put("c", Cluster.create(ClusterSpec.http("c"), 1));

    assertThat(RouteTable.compile(spec, clusters::get, before).problems()).isEmpty();
  }

  /** Generous: "well under a second" on two shared cores; the figure itself is the benchmark's. */
  @Test
  void compilesTenThousandHostsAndReusesAllButTheChangedOne() {
    List<VirtualHostSpec> hosts = new ArrayList<>();
    for (int h = 0; h < 10_000; h++) {
      hosts.add(tenPaths("host" + h + ".example.com", ""));
    }
    RouteTable first = RouteTable.compile(new RouteTableSpec("t", hosts), LOOKUP, null);
    List<VirtualHostSpec> changed = new ArrayList<>();
    for (int h = 0; h < 10_000; h++) {
      changed.add(tenPaths("host" + h + ".example.com", h == 77 ? "x" : ""));
    }

    RouteTable second = RouteTable.compile(new RouteTableSpec("t", changed), LOOKUP, first);

    int reused = 0;
    for (int h = 0; h < 10_000; h++) {
      String name = "host" + h + ".example.com";
      reused += first.virtualHost(name) == second.virtualHost(name) ? 1 : 0;
    }
    assertThat(reused).isEqualTo(9_999);
    assertThat(winner(virtualHost(second, "host77.example.com"), get("/p3/q"))).isEqualTo("p3x");
  }

  @Test
  void explainsWhyEachCandidateLost() {
    RouteTable table =
        Routes.table(
            host(HostPattern.any(), route("any", prefix("/"))),
            host(
                HostPattern.exact("shop.example.com"),
                route("other", prefix("/other")),
                Routes.weighted("canary", prefix("/"), 5),
                route("chosen", prefix("/a")),
                route("late", prefix("/"))));

    RouteExplanation explanation = table.explain(get("/a/b"), 50);

    assertThat(explanation.hosts())
        .extracting(h -> h.pattern().toString() + " " + h.chosen())
        .containsExactly("shop.example.com true", "* false");
    assertThat(explanation.routes())
        .extracting(r -> r.route().name() + " " + r.verdict())
        .containsExactly("other PATH", "canary WEIGHT", "chosen CHOSEN", "late LATER");
    assertThat(explanation.chosen().map(RouteSpec::name)).contains("chosen");
  }

  @Test
  void explainsThatNoHostAnswers() {
    RouteTable table = Routes.table(host(HostPattern.exact("a"), route("1", prefix("/"))));

    RouteExplanation explanation = table.explain(get("/"), 0);

    assertThat(explanation.hosts()).isEmpty();
    assertThat(explanation.chosen()).isEmpty();
  }

  @Test
  void forgetsItsTableWhenCleared() {
    var hit = new RouteHit();
    assertThat(Routes.compile(route("1", prefix("/"))).find(get("/"), 0, hit)).isTrue();
    hit.clear();
    assertThat(hit.isFound()).isFalse();
  }

  private static VirtualHost virtualHost(RouteTable table, String name) {
    return Objects.requireNonNull(table.virtualHost(name));
  }

  private static VirtualHostSpec tenPaths(String name, String suffix) {
    List<RouteSpec> routes = new ArrayList<>();
    for (int p = 0; p < 10; p++) {
      routes.add(route("p" + p + suffix, prefix("/p" + p + "/")));
    }
    return host(HostPattern.exact(name), routes);
  }
}
