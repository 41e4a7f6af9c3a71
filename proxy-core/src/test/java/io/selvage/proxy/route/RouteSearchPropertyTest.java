// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.NamedMatch;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.StringMatch;
import io.selvage.proxy.http.RequestHead;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The trie against a naive reader of the specification that shares no code with it: java.util.regex
 * for expressions, string methods for everything else, one route after the other. Seeded.
 */
class RouteSearchPropertyTest {
  private static final String[] EXPRESSIONS = {
    "/a.*",
    "/.*",
    ".*",
    "/(a|b)/?",
    "/a/b",
    "/a|/b/.*",
    "/a*b",
    "/a?/b",
    "/a{2}/.*",
    "/a+",
    "^/b$",
    "/\\.x",
    "/[ab]/[^/]+",
    "(?i)/A/B",
    "/a/(b|c)+",
    "/a\\/b.*",
    "/b(/.*)?",
    "[/]a",
    "/a[|]b|/c"
  };
  private static final String[] METHODS = {"GET", "POST", "PUT"};

  private final Random random;

  RouteSearchPropertyTest() {
    random = new Random(20261121);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 10, 40, 150})
  void findsWhatALinearReaderFinds(int routeCount) {
    int found = 0;
    for (int table = 0; table < 60; table++) {
      var specs = new ArrayList<RouteSpec>();
      for (int i = 0; i < routeCount; i++) {
        specs.add(randomRoute("r" + i));
      }
      VirtualHost host = Routes.compile(specs);
      assertThat(host.problems()).isEmpty();
      var hit = new RouteHit();
      for (int request = 0; request < 300; request++) {
        RequestHead head = randomRequest();
        int draw = random.nextInt(100);
        String expected = linear(specs, head, draw);
        String actual =
            host.find(head, draw, hit) ? hit.route().spec().name() + ":" + hit.target() : "none";
        assertThat(actual)
            .as("%s %s %s draw %d in %s", head.method(), head.target(), head.headers(), draw, specs)
            .isEqualTo(expected);
        found += expected.equals("none") ? 0 : 1;
      }
    }
    // The comparison would be hollow if nearly nothing matched.
    assertThat(found).isGreaterThan(300);
  }

  @Test
  void explainsTheVeryRouteThatIsFound() {
    for (int round = 0; round < 300; round++) {
      var specs = new ArrayList<RouteSpec>();
      for (int i = 0; i < 12; i++) {
        specs.add(randomRoute("r" + i));
      }
      RouteTable table = Routes.table(Routes.host(HostPattern.any(), specs));
      RequestHead head = randomRequest();
      int draw = random.nextInt(100);

      RouteExplanation explanation = table.explain(head, draw);

      String expected = linear(specs, head, draw);
      assertThat(
              explanation.chosen().map(r -> r.name() + ":" + explanation.target()).orElse("none"))
          .isEqualTo(expected);
      assertThat(explanation.routes()).hasSize(12);
      boolean chosenSeen = false;
      for (var verdict : explanation.routes()) {
        boolean later = verdict.verdict() == RouteExplanation.Verdict.LATER;
        assertThat(later && !chosenSeen).as("a match before the chosen one").isFalse();
        chosenSeen |= verdict.verdict() == RouteExplanation.Verdict.CHOSEN;
        assertThat(verdict.reason()).isNotBlank();
      }
      assertThat(chosenSeen).isEqualTo(!expected.equals("none"));
    }
  }

  @Test
  void findsTheHostThatALinearReaderFinds() {
    String alphabet = "ab.";
    for (int round = 0; round < 400; round++) {
      Map<HostPattern, String> patterns = new HashMap<>();
      for (int i = random.nextInt(25); i >= 0; i--) {
        String text = randomText(alphabet, 6);
        HostPattern pattern =
            switch (random.nextInt(9)) {
              case 0, 1 -> HostPattern.exact(text);
              case 2, 3 -> HostPattern.oneLabel("." + text);
              case 4, 5 -> HostPattern.suffix(text);
              case 6, 7 -> HostPattern.prefix(text);
              default -> HostPattern.any();
            };
        // A bare star is ANY; the gateway makes no empty affix.
        if (!text.isEmpty()) {
          patterns.put(pattern, pattern.toString());
        }
      }
      var index = new HostIndex<>(patterns);
      for (int i = 0; i < 200; i++) {
        String host = randomText(alphabet, 9);
        assertThat(index.find(host))
            .as("%s in %s", host, patterns)
            .isEqualTo(linearHost(patterns, host));
      }
    }
  }

  private static @Nullable String linearHost(Map<HostPattern, String> patterns, String host) {
    HostPattern best = null;
    for (HostPattern pattern : patterns.keySet()) {
      if (pattern.matches(host) && (best == null || beats(pattern, best))) {
        best = pattern;
      }
    }
    return best == null ? null : patterns.get(best);
  }

  private static boolean beats(HostPattern a, HostPattern b) {
    int byClass = Integer.compare(rank(a), rank(b));
    if (byClass != 0) {
      return byClass > 0;
    }
    int byLength = Integer.compare(a.text().length(), b.text().length());
    return byLength != 0 ? byLength > 0 : a.kind() == HostPattern.Kind.ONE_LABEL;
  }

  private static int rank(HostPattern pattern) {
    return switch (pattern.kind()) {
      case EXACT -> 3;
      case ONE_LABEL, SUFFIX -> 2;
      case PREFIX -> 1;
      case ANY -> 0;
    };
  }

  private String linear(List<RouteSpec> specs, RequestHead head, int draw) {
    for (RouteSpec spec : specs) {
      if (!pathMatches(spec.match().path(), head.target().path())
          || !spec.match().method().map(m -> textMatches(m, head.method())).orElse(true)
          || !spec.match().headers().stream().allMatch(h -> headerMatches(h, head))
          || !spec.match().queryParameters().stream().allMatch(q -> queryMatches(q, head))) {
        continue;
      }
      int sum = 0;
      for (int i = 0; i < spec.targets().size(); i++) {
        sum += spec.targets().get(i).weight();
        if (draw < sum) {
          return spec.name() + ":" + i;
        }
      }
    }
    return "none";
  }

  private static boolean pathMatches(PathMatch match, String path) {
    return switch (match) {
      case PathMatch.Exact(String text, boolean strict) ->
          strict ? path.equals(text) : path.equalsIgnoreCase(text);
      case PathMatch.Prefix(String text, boolean strict) ->
          strict
              ? path.startsWith(text)
              : path.toLowerCase(Locale.ROOT).startsWith(text.toLowerCase(Locale.ROOT));
      case PathMatch.ElementPrefix(String text) -> elements(path).startsWith(elements(text));
      case PathMatch.Regex(String text, boolean strict) ->
          Pattern.compile(text, strict ? 0 : Pattern.CASE_INSENSITIVE).matcher(path).matches();
    };
  }

  private static String elements(String path) {
    return path.replaceAll("/+$", "") + "/";
  }

  private static boolean headerMatches(NamedMatch match, RequestHead head) {
    var values = new ArrayList<String>();
    for (String line : head.headers().toString().split("\n")) {
      if (line.toLowerCase(Locale.ROOT).startsWith(match.name() + ": ")) {
        values.add(line.substring(match.name().length() + 2));
      }
    }
    return !values.isEmpty() && textMatches(match.value(), String.join(",", values));
  }

  private static boolean queryMatches(NamedMatch match, RequestHead head) {
    for (String pair : head.target().query().split("&")) {
      String[] parts = pair.split("=", 2);
      if (parts[0].equals(match.name())) {
        return textMatches(match.value(), parts.length > 1 ? parts[1] : "");
      }
    }
    return false;
  }

  private static boolean textMatches(StringMatch match, String text) {
    return switch (match.kind()) {
      case PRESENT -> true;
      case EXACT -> text.equals(match.text());
      case REGEX -> text.matches(match.text());
    };
  }

  private RouteSpec randomRoute(String name) {
    boolean strict = random.nextInt(4) != 0;
    PathMatch path =
        switch (random.nextInt(8)) {
          case 0, 1 -> new PathMatch.Exact(randomPath(), strict);
          case 2, 3 -> new PathMatch.Prefix(randomPath(), strict);
          case 4, 5, 6 -> new PathMatch.ElementPrefix(randomPath());
          default -> new PathMatch.Regex(EXPRESSIONS[random.nextInt(EXPRESSIONS.length)], strict);
        };
    Optional<StringMatch> method =
        random.nextInt(4) != 0
            ? Optional.empty()
            : Optional.of(
                random.nextBoolean()
                    ? StringMatch.exact(METHODS[random.nextInt(3)])
                    : StringMatch.regex("P.*"));
    List<NamedMatch> headers =
        random.nextInt(4) != 0
            ? List.of()
            : List.of(new NamedMatch("x-" + (char) ('a' + random.nextInt(2)), randomText()));
    List<NamedMatch> query =
        random.nextInt(5) != 0
            ? List.of()
            : List.of(new NamedMatch("q" + random.nextInt(2), randomText()));
    var targets = new ArrayList<RouteSpec.Target>();
    int left = 100;
    for (int i = random.nextInt(3); i >= 0; i--) {
      int weight = i == 0 && random.nextInt(3) != 0 ? left : random.nextInt(left + 1);
      left -= weight;
      targets.add(Routes.target(weight, RouteAction.Forward.to("c")));
    }
    return new RouteSpec(
        name, Routes.ORIGIN, "", new RouteMatch(path, method, headers, query), targets);
  }

  private StringMatch randomText() {
    return switch (random.nextInt(3)) {
      case 0 -> StringMatch.present();
      case 1 -> StringMatch.exact("v" + random.nextInt(3));
      default -> StringMatch.regex("v[01](,.*)?");
    };
  }

  private RequestHead randomRequest() {
    String target = random.nextInt(20) == 0 ? "/" : randomPath();
    if (random.nextInt(3) == 0) {
      target += "?q" + random.nextInt(2) + "=v" + random.nextInt(3) + "&q0=v1";
    }
    var lines = new ArrayList<String>();
    while (random.nextInt(2) == 0 && lines.size() < 4) {
      lines.add(
          (random.nextBoolean() ? "X-" : "x-")
              + (char) ('a' + random.nextInt(2))
              + ": v"
              + random.nextInt(3));
    }
    return Routes.request(METHODS[random.nextInt(3)], target, lines.toArray(String[]::new));
  }

  /** Few letters, so that paths share beginnings, end in slashes and differ in case only. */
  private String randomPath() {
    var path = new StringBuilder();
    for (int i = random.nextInt(4); i >= 0; i--) {
      path.append('/').append(randomText("aabAB.x", 3));
    }
    String text = path.toString().replaceAll("/+", "/");
    // Dot segments never reach the matcher.
    return text.matches(".*/\\.{1,2}(/.*)?") ? "/a" : text;
  }

  private String randomText(String alphabet, int max) {
    var text = new StringBuilder();
    for (int n = random.nextInt(max + 1); n > 0; n--) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return text.toString();
  }
}
