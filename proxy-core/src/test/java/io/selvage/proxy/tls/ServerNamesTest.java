// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import static io.selvage.model.routing.HostPattern.any;
import static io.selvage.model.routing.HostPattern.exact;
import static io.selvage.model.routing.HostPattern.oneLabel;
import static io.selvage.model.routing.HostPattern.prefix;
import static io.selvage.model.routing.HostPattern.suffix;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.HostPattern;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ServerNamesTest {
  private static ServerNames<HostPattern> names(HostPattern... patterns) {
    return ServerNames.of(Arrays.asList(patterns), List::of);
  }

  @Test
  void prefersTheMoreSpecificPattern() {
    var names =
        names(
            any(),
            prefix("a."),
            suffix(".example.com"),
            suffix(".b.example.com"),
            oneLabel(".example.com"),
            exact("a.example.com"));
    assertThat(names.lookup("a.example.com")).isEqualTo(exact("a.example.com"));
    assertThat(names.lookup("z.example.com")).isEqualTo(oneLabel(".example.com"));
    assertThat(names.lookup("x.y.example.com")).isEqualTo(suffix(".example.com"));
    assertThat(names.lookup("x.b.example.com")).isEqualTo(suffix(".b.example.com"));
    assertThat(names.lookup("a.other.org")).isEqualTo(prefix("a."));
    assertThat(names.lookup("example.com")).isEqualTo(any());
    assertThat(names.lookup(null)).isEqualTo(any());
    assertThat(names.lookup("")).isEqualTo(any());
  }

  @Test
  void findsNothingWithoutADefault() {
    var names = names(exact("a.example.com"), suffix("ample.com"));
    assertThat(names.lookup("example.com")).isEqualTo(suffix("ample.com"));
    assertThat(names.lookup("ample.com")).isNull();
    assertThat(names.lookup(null)).isNull();
    assertThat(names.names("x.org")).isFalse();
  }

  @Test
  void keepsTheFirstOfTwoThatClaimOnePattern() {
    ServerNames<String> names = ServerNames.of(List.of("1", "2"), v -> List.of(exact("a")));
    assertThat(names.lookup("a")).isEqualTo("1");
  }

  /** Against the definition in HostPattern, by trying every pattern. */
  @Test
  void agreesWithTheDefinition() {
    Random random = new Random(7);
    String[] labels = {"a", "b", "ab", "example", "com"};
    for (int round = 0; round < 5_000; round++) {
      List<HostPattern> patterns = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        patterns.add(randomPattern(random, labels));
      }
      String name = randomName(random, labels);
      HostPattern found = names(patterns.toArray(new HostPattern[0])).lookup(name);
      Optional<HostPattern> expected =
          patterns.stream()
              .filter(p -> p.matches(name))
              .min(
                  Comparator.<HostPattern>comparingInt(p -> rank(p.kind()))
                      .thenComparingInt(p -> -p.text().length())
                      .thenComparing(HostPattern::kind));
      assertThat(Optional.ofNullable(found)).as("%s in %s", name, patterns).isEqualTo(expected);
    }
  }

  private static int rank(HostPattern.Kind kind) {
    return switch (kind) {
      case EXACT -> 0;
      case ONE_LABEL, SUFFIX -> 1;
      case PREFIX -> 2;
      case ANY -> 3;
    };
  }

  private static HostPattern randomPattern(Random random, String[] labels) {
    String name = randomName(random, labels);
    return switch (random.nextInt(6)) {
      case 0 -> exact(name);
      case 1 -> oneLabel("." + name);
      case 2 -> suffix("." + name);
      case 3 -> suffix(name.substring(random.nextInt(name.length())));
      case 4 -> prefix(name.substring(0, 1 + random.nextInt(name.length())));
      default -> any();
    };
  }

  private static String randomName(Random random, String[] labels) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(3); i++) {
      parts.add(labels[random.nextInt(labels.length)]);
    }
    return String.join(".", parts);
  }
}
