// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static io.selvage.proxy.route.Routes.compile;
import static io.selvage.proxy.route.Routes.element;
import static io.selvage.proxy.route.Routes.exact;
import static io.selvage.proxy.route.Routes.get;
import static io.selvage.proxy.route.Routes.host;
import static io.selvage.proxy.route.Routes.prefix;
import static io.selvage.proxy.route.Routes.regex;
import static io.selvage.proxy.route.Routes.route;
import static io.selvage.proxy.route.Routes.table;
import static io.selvage.proxy.route.Routes.winner;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteSpec;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which route a path takes: the rows of the Ingress specification and of its conformance suite. */
class PathRulesTest {

  /**
   * Rules are E (Exact) or P (Prefix) and a path, in any order; the winner is named by its rule, -
   * stands for 404. Ordered as the gateway orders Ingress paths: longest first, Exact before
   * Prefix.
   */
  @ParameterizedTest(name = "{0} <- {1} = {2}")
  @CsvSource(
      value = {
        // kubernetes.io, "Examples" of path types
        "P/ | /anything | P/",
        "P/ | / | P/",
        "E/foo | /foo | E/foo",
        "E/foo | /bar | -",
        "E/foo | /foo/ | -",
        "E/foo/ | /foo | -",
        "P/foo | /foo | P/foo",
        "P/foo | /foo/ | P/foo",
        "P/foo/ | /foo | P/foo/",
        "P/foo/ | /foo/ | P/foo/",
        "P/aaa/bb | /aaa/bbb | -",
        "P/aaa/bbb | /aaa/bbb | P/aaa/bbb",
        "P/aaa/bbb | /aaa/bbb/ | P/aaa/bbb",
        "P/aaa/bbb | /aaa/bbb/ccc | P/aaa/bbb",
        "P/aaa/bbb | /aaa/bbbxyz | -",
        "P/aaa/bbb/ | /aaa/bbb | P/aaa/bbb/",
        "P/ P/aaa | /aaa/ccc | P/aaa",
        "P/ P/aaa P/aaa/bbb | /aaa/bbb | P/aaa/bbb",
        "P/ P/aaa P/aaa/bbb | /ccc | P/",
        "P/aaa | /ccc | -",
        "P/foo E/foo | /foo | E/foo",
        "P/foo E/foo | /foo/ | P/foo",
        "P/foo P/foo/ | /foo | P/foo/",
        // ingress-controller-conformance, path_rules 1 to 16
        "E/foo P/aaa P/aaa/bbb | /foo | E/foo",
        "E/foo | /FOO | -",
        "P/foo | /FOO | -",
        "P/aaa P/aaa/bbb | /aaa/bbb/ccc | P/aaa/bbb",
        "P/aaa P/aaa/bbb | /aaa/ccc | P/aaa",
        "P/aaa P/aaa/bbb | /aaaccc | -",
        "P/aaa/bbb/ | /aaa/bbb/ | P/aaa/bbb/",
        // normalised first, matched afterwards
        "P/aaa | /x/../aaa/%62 | P/aaa",
        "E/foo | //foo | E/foo",
        "E/~me | /%7Eme | E/~me",
        "E/%7eme | /~me | E/%7eme",
      },
      delimiter = '|')
  void ingressPathRules(String rules, String path, String expected) {
    RouteSpec[] routes =
        Arrays.stream(rules.split(" "))
            .sorted(
                Comparator.comparing((String rule) -> -rule.length())
                    .thenComparing(Comparator.naturalOrder()))
            .map(rule ->
                route(
                    rule,
                    rule.charAt(0) == 'E' ? exact(rule.substring(1)) : element(rule.substring(1))))
            .toArray(RouteSpec[]::new);

    assertThat(Objects.requireNonNullElse(winner(compile(routes), get(path)), "-"))
        .isEqualTo(expected);
  }

  @ParameterizedTest(name = "{0} of {1}: {2}")
  @CsvSource({
    "/man, /mankind, true",
    "/man, /man, true",
    "/man/, /man, false",
    "/man, /Man, false",
    "/, /x, true",
    "'', /x, true",
    "/caf\u00e9, /caf%c3%a9/menu, true",
    "/a b, /a%20b, true",
    "/a%2fb, /a%2Fb, true",
  })
  void emissaryPrefixesAreRawText(String text, String path, boolean matches) {
    assertThat(winner(compile(route("r", prefix(text))), get(path)) != null).isEqualTo(matches);
  }

  @Test
  void foldsCaseOnlyWhereAsked() {
    VirtualHost host =
        compile(
            route("exact", new PathMatch.Exact("/Exact", false)),
            route("prefix", new PathMatch.Prefix("/PRE", false)),
            route("regex", new PathMatch.Regex("/Re[gG]ex/\\S+", false)),
            route("strict", prefix("/strict")));

    assertThat(winner(host, get("/eXACT"))).isEqualTo("exact");
    assertThat(winner(host, get("/exactly"))).isNull();
    assertThat(winner(host, get("/prefix"))).isEqualTo("prefix");
    assertThat(winner(host, get("/REGEX/x"))).isEqualTo("regex");
    assertThat(winner(host, get("/strict"))).isEqualTo("strict");
    assertThat(winner(host, get("/Strict"))).isNull();
  }

  @Test
  void expressionsMustMatchTheWholePath() {
    VirtualHost host = compile(route("r", regex("/api/v[0-9]+/(users|items)")));

    assertThat(winner(host, get("/api/v12/users"))).isEqualTo("r");
    assertThat(winner(host, get("/api/v12/users/1"))).isNull();
    assertThat(winner(host, get("/x/api/v12/users"))).isNull();
    assertThat(winner(host, get("/api/v12/users?q=1"))).isEqualTo("r");
  }

  /** A backtracking engine needs 2^n steps here; RE2 a multiple of n. */
  @Test
  void answersAnExplosiveExpressionInLinearTime() {
    VirtualHost host = compile(route("r", regex("/(a+)+$")));
    String path = "/" + "a".repeat(5_000) + "b";

    long start = System.nanoTime();
    assertThat(winner(host, get(path))).isNull();
    assertThat(System.nanoTime() - start).isLessThan(30_000_000_000L);
  }

  @Test
  void takesTheFirstInOrderWhateverTheKindOrLength() {
    assertThat(winner(compile(route("1", prefix("/")), route("2", exact("/a"))), get("/a")))
        .isEqualTo("1");
    assertThat(winner(compile(route("1", regex("/.*")), route("2", exact("/a"))), get("/a")))
        .isEqualTo("1");
    assertThat(winner(compile(route("1", exact("/a")), route("2", regex("/.*"))), get("/a")))
        .isEqualTo("1");
    assertThat(
            winner(
                compile(route("1", new PathMatch.Prefix("/A", false)), route("2", exact("/a"))),
                get("/a")))
        .isEqualTo("1");
  }

  @Test
  void tellsHowMuchOfThePathAPrefixMatched() {
    var hit = new RouteHit();
    for (var row :
        List.of(
            List.of(prefix("/api/"), "/api/x", 5),
            List.of(element("/api/"), "/api/x", 4),
            List.of(element("/"), "/api/x", 0),
            List.of(exact("/api/x"), "/api/x", 6),
            List.of(regex("/a.*"), "/api/x", 6))) {
      assertThat(compile(route("r", (PathMatch) row.get(0))).find(get((String) row.get(1)), 0, hit))
          .isTrue();
      assertThat(hit.prefixLength()).as("%s", row).isEqualTo(row.get(2));
    }
  }

  @Test
  void prefixesMatchNoAsteriskOfOptions() {
    assertThat(winner(compile(route("r", element("/"))), Routes.request("OPTIONS", "*"))).isNull();
    assertThat(winner(compile(route("r", prefix("/"))), Routes.request("OPTIONS", "*"))).isNull();
  }

  /** Ingress conformance, host_rules. */
  @ParameterizedTest
  @CsvSource({
    "foo.bar.com, foo.bar.com",
    "bar.foo.com, *.foo.com (one label)",
    "baz.bar.foo.com, -",
    "foo.com, -",
    "subdomain.bar.com, -",
  })
  void ingressHostRules(String name, String expected) {
    RouteTable table =
        table(
            host(HostPattern.exact("foo.bar.com"), route("a", element("/"))),
            host(HostPattern.oneLabel(".foo.com"), route("b", element("/"))));

    VirtualHost found = table.virtualHost(name);

    assertThat(found == null ? "-" : found.spec().host().toString()).isEqualTo(expected);
  }

  @Test
  void staysInsideTheBestHostWhenItHasNoRoute() {
    RouteTable table =
        table(
            host(HostPattern.exact("a.b"), route("a", element("/only"))),
            host(HostPattern.any(), route("any", element("/"))));

    VirtualHost best = table.virtualHost("a.b");

    assertThat(best).isNotNull();
    assertThat(winner(best, get("/other"))).isNull();
  }

  @Test
  void sharesTrafficByWeightAndLetsTheRestFallThrough() {
    VirtualHost host =
        compile(Routes.weighted("canary", prefix("/"), 10, 0, 20), route("rest", prefix("/")));
    var hit = new RouteHit();
    int[] targets = new int[3];
    int rest = 0;
    for (int draw = 0; draw < 100; draw++) {
      assertThat(host.find(get("/"), draw, hit)).isTrue();
      if (hit.route().spec().name().equals("rest")) {
        rest++;
      } else {
        targets[hit.target()]++;
      }
    }
    assertThat(targets).containsExactly(10, 0, 20);
    assertThat(rest).isEqualTo(70);
  }
}
