// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static io.selvage.proxy.route.Routes.compile;
import static io.selvage.proxy.route.Routes.get;
import static io.selvage.proxy.route.Routes.match;
import static io.selvage.proxy.route.Routes.prefix;
import static io.selvage.proxy.route.Routes.request;
import static io.selvage.proxy.route.Routes.route;
import static io.selvage.proxy.route.Routes.winner;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.NamedMatch;
import io.selvage.model.routing.StringMatch;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Method, header and query conditions. */
class ConditionsTest {

  @Test
  void matchesMethodsExactlyOrByWholeExpression() {
    assertThat(method(StringMatch.exact("GET"), "GET")).isTrue();
    assertThat(method(StringMatch.exact("GET"), "get")).isFalse();
    assertThat(method(StringMatch.regex("P(OST|UT)"), "PUT")).isTrue();
    assertThat(method(StringMatch.regex("P(OST|UT)"), "PUTS")).isFalse();
  }

  @ParameterizedTest(name = "{0} {1} against {2}: {3}")
  @CsvSource({
    "EXACT, a, X-K: a, true",
    "EXACT, a, x-k: a, true",
    "EXACT, a, X-K: A, false",
    "EXACT, a, X-K: ab, false",
    "EXACT, a, X-Other: a, false",
    "EXACT, '', X-K:, true",
    "EXACT, gr\u00fcn, X-K: gr\u00c3\u00bcn, true",
    "REGEX, a.*, X-K: abc, true",
    "REGEX, a.*, X-K: xabc, false",
    "REGEX, .*, X-Other: a, false",
    "PRESENT, '', X-K:, true",
    "PRESENT, '', X-K: anything, true",
    "PRESENT, '', X-Other: a, false",
  })
  void matchesHeaders(StringMatch.Kind kind, String text, String line, boolean expected) {
    assertThat(header("x-k", new StringMatch(kind, text), line)).isEqualTo(expected);
  }

  @Test
  void joinsRepeatedHeaders() {
    assertThat(header("x-k", StringMatch.exact("a,b"), "X-K: a", "x-k: b")).isTrue();
    assertThat(header("x-k", StringMatch.exact("a"), "X-K: a", "x-k: b")).isFalse();
    assertThat(
            header(
                "user-agent",
                StringMatch.regex("a,b,c"),
                "User-Agent: a",
                "x: y",
                "User-Agent: b",
                "user-agent: c"))
        .isTrue();
  }

  @Test
  void ignoresHeadersThatHaveBeenDropped() {
    var head = get("/", "X-K: a");
    VirtualHost host =
        compile(
            route(
                "r",
                match(
                    prefix("/"),
                    null,
                    List.of(new NamedMatch("x-k", StringMatch.exact("a"))),
                    List.of())));
    assertThat(winner(host, head)).isEqualTo("r");
    head.headers().drop(0);
    assertThat(winner(host, head)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    ":authority, shop.example.com, true",
    ":authority, shop.example.com:8080, true",
    ":authority, example.com, false",
    "host, shop.example.com, true",
    ":method, GET, true",
    ":path, /p?q=1, true",
  })
  void matchesPseudoHeaders(String name, String value, boolean expected) {
    VirtualHost host =
        compile(
            route(
                "r",
                match(
                    prefix("/"),
                    null,
                    List.of(new NamedMatch(name, StringMatch.exact(value))),
                    List.of())));
    assertThat(winner(host, get("/p?q=1")) != null).isEqualTo(expected);
  }

  @ParameterizedTest(name = "{0} {1} against {2}: {3}")
  @CsvSource({
    "EXACT, 1, q=1, true",
    "EXACT, 1, a=0&q=1&b=2, true",
    "EXACT, 1, q=2&q=1, false",
    "EXACT, 1, qq=1, false",
    "EXACT, 1, Q=1, false",
    "EXACT, 1, q=11, false",
    "EXACT, '', q, true",
    "EXACT, '', q=, true",
    "EXACT, '', a=1, false",
    "EXACT, a b, q=a+b, true",
    "EXACT, a b, q=a%20b, true",
    "EXACT, a=b, q=a=b, true",
    "EXACT, 1, %71=1, true",
    "EXACT, %zz, q=%zz, true",
    "REGEX, [0-9]+, q=42, true",
    "REGEX, [0-9]+, q=42x, false",
    "PRESENT, '', q, true",
    "PRESENT, '', x&q=1, true",
    "PRESENT, '', x=q, false",
    "PRESENT, '', &&q, true",
  })
  void matchesQueryParameters(StringMatch.Kind kind, String text, String query, boolean expected) {
    VirtualHost host =
        compile(
            route(
                "r",
                match(
                    prefix("/"),
                    null,
                    List.of(),
                    List.of(new NamedMatch("q", new StringMatch(kind, text))))));
    assertThat(winner(host, get("/?" + query)) != null).isEqualTo(expected);
    assertThat(winner(host, get("/"))).isNull();
  }

  @Test
  void goesOnToTheNextRouteWhenAConditionFails() {
    VirtualHost host =
        compile(
            route("post", match(prefix("/"), StringMatch.exact("POST"), List.of(), List.of())),
            route("rest", prefix("/")));
    assertThat(winner(host, request("POST", "/x"))).isEqualTo("post");
    assertThat(winner(host, get("/x"))).isEqualTo("rest");
  }

  @ParameterizedTest
  @CsvSource({"x-k, (", "x-k, a{2000}", ":scheme, x", "'', x"})
  void leavesOutARouteWhoseConditionCannotWork(String name, String expression) {
    VirtualHost host =
        compile(
            route(
                "bad",
                match(
                    prefix("/"),
                    null,
                    List.of(new NamedMatch(name, StringMatch.regex(expression))),
                    List.of())),
            route("good", prefix("/")));

    assertThat(host.problems()).hasSize(1);
    assertThat(host.problems().get(0).object()).contains(Routes.ORIGIN);
    assertThat(winner(host, get("/", "x-k: a"))).isEqualTo("good");
  }

  private static boolean method(StringMatch wanted, String method) {
    VirtualHost host = compile(route("r", match(prefix("/"), wanted, List.of(), List.of())));
    return winner(host, request(method, "/")) != null;
  }

  private static boolean header(String name, StringMatch wanted, String... lines) {
    VirtualHost host =
        compile(
            route("r", match(prefix("/"), null, List.of(new NamedMatch(name, wanted)), List.of())));
    return winner(host, get("/", lines)) != null;
  }
}
