// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.controlplane.observation.workload.ResourceSelector;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What may be asked, and what is said of what may not. */
class RequestsTest {
  private static final Map<String, String> LABELS = Map.of("app", "web", "x/y", "1", "empty", "");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "app=web",
        "app==web",
        "app = web",
        "app!=emoji",
        "none!=x",
        "app",
        "!none",
        "app in (web)",
        "app in (web, emoji)",
        "app notin (emoji)",
        "none notin (a)",
        "x/y=1",
        "empty=",
        "empty in ()",
        "app=web,x/y in (1,2),!none"
      })
  void selectorsThatMatch(String selector) {
    assertThat(LabelTest.parse(selector).matches(LABELS)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "app=emoji",
        "app!=web",
        "!app",
        "none",
        "none=x",
        "none in (x)",
        "app in (emoji)",
        "app notin (web)",
        "app=web,none"
      })
  void selectorsThatDoNot(String selector) {
    assertThat(LabelTest.parse(selector).matches(LABELS)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ",",
        "app=web,",
        "=web",
        "app=a b",
        "app in web",
        "app in (a",
        "app in (a b)",
        "app>1",
        "-app",
        "app=-",
        "a\nb",
        "app in ((a))"
      })
  void whatIsNoSelectorIsNamed(String selector) {
    assertThatThrownBy(() -> LabelTest.parse(selector))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("not a label selector: ");
  }

  @Test
  void aSelectorHasSoManyCharacters() {
    String longest = "a,".repeat(2_047) + "bc";
    assertThat(LabelTest.parse(longest).matches(Map.of("a", "1", "bc", "1"))).isTrue();
    assertThatThrownBy(() -> LabelTest.parse(longest + "d")).hasMessageContaining("4096");
  }

  @ParameterizedTest
  @CsvSource({"15s, 15", "1m, 60", "90s, 90", "1m30s, 90", "10m, 600", "1h, 3600", "7d, 604800"})
  void windows(String text, long seconds) {
    assertThat(Windows.parse(text)).isEqualTo(Duration.ofSeconds(seconds));
    assertThat(Windows.parse(Windows.format(Duration.ofSeconds(seconds))))
        .isEqualTo(Duration.ofSeconds(seconds));
  }

  @ParameterizedTest
  @CsvSource({
    "14s, metrics time window must be at least 15s",
    "0s, metrics time window must be at least 15s",
    "7d1s, metrics time window must be at most 7d",
    "'', not a length of time",
    "1, not a length of time",
    "-1m, not a length of time",
    "1m 30s, not a length of time",
    "99999999s, not a length of time",
    "1ms, not a length of time"
  })
  void windowsThatAreNone(String text, String error) {
    assertThatThrownBy(() -> Windows.parse(text)).hasMessageStartingWith(error);
  }

  @Test
  void optionsThatExcludeEachOther() {
    Optional<String> a = Optional.of("deploy/a");
    Optional<String> ns = Optional.of("x");
    Optional<String> no = Optional.empty();
    assertThatThrownBy(() -> OtherEnd.of(a, no, a, no, no))
        .hasMessage("--to and --from flags are mutually exclusive");
    assertThatThrownBy(() -> OtherEnd.of(no, ns, no, ns, no))
        .hasMessage("--to-namespace and --from-namespace flags are mutually exclusive");
    assertThatThrownBy(() -> OtherEnd.of(a, no, no, ns, no)).hasMessageContaining("exclusive");
    assertThatThrownBy(() -> OtherEnd.of(no, ns, a, no, no)).hasMessageContaining("exclusive");
    assertThatThrownBy(() -> OtherEnd.of(Optional.of("ns/a"), ns, no, no, no))
        .hasMessage("--to-namespace flag is incompatible with namespace resource type");
    assertThatThrownBy(() -> OtherEnd.of(no, no, Optional.of("ns/a"), ns, no))
        .hasMessage("--from-namespace flag is incompatible with namespace resource type");
    assertThatThrownBy(() -> OtherEnd.of(no, no, Optional.of("svc/a"), no, no))
        .hasMessageContaining("a service sends no requests");
    assertThat(OtherEnd.of(no, no, no, no, ns)).isEmpty();
    assertThat(OtherEnd.of(a, no, no, no, ns).orElseThrow().namespace()).contains("x");
    assertThat(OtherEnd.of(no, ns, no, no, no).orElseThrow().resource()).hasToString("namespace/x");
  }

  @Test
  void aQuestionNamesSoManyResources() {
    ResourceSelector one = ResourceSelector.parse("deploy/a");
    assertThat(stat(Collections.nCopies(64, one)).resources()).hasSize(64);
    assertThatThrownBy(() -> stat(Collections.nCopies(65, one))).hasMessageContaining("64");
    assertThatThrownBy(() -> stat(List.of())).hasMessageContaining("no resource type");
  }

  @Test
  void edgesAreOfATypeWithoutAName() {
    assertThatThrownBy(() -> EdgesRequest.type("deploy/web"))
        .hasMessage("Edges cannot be returned for a specific resource name; remove web from query");
    assertThatThrownBy(() -> EdgesRequest.type("all"))
        .hasMessage("Resource type is not supported: all");
    assertThatThrownBy(() -> EdgesRequest.type("authority"))
        .hasMessageStartingWith("Resource type is not supported: authority");
    assertThatThrownBy(() -> new EdgesRequest(EdgesRequest.type("svc"), Optional.empty()))
        .hasMessageStartingWith("Resource type is not supported: service");
  }

  private static StatRequest stat(List<ResourceSelector> resources) {
    return new StatRequest(
        resources, Optional.empty(), Optional.empty(), Windows.DEFAULT, LabelTest.ANY, false);
  }
}
