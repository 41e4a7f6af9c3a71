// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.gateway.explain.Explanation.Verdict;
import io.selvage.model.routing.RoutingModel;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExplainPageTest {
  private final ExplainPage page =
      new ExplainPage(() -> ServedTables.compile(RoutingModel.empty(), Map.of()));

  @Test
  void answersJsonThatReadsBackAsTheExplanation() throws Exception {
    String json =
        page.render(
            Map.of(
                "url", List.of("http://h/x"),
                "method", List.of("POST"),
                "header", List.of("a: 1", "b: 2")));

    Explanation explanation = new ObjectMapper().readValue(json, Explanation.class);
    assertThat(explanation.request()).isEqualTo("POST http://h/x");
    assertThat(explanation.verdict()).isEqualTo(Verdict.NO_LISTENER);
    assertThat(explanation.backend()).isNull();
  }

  @Test
  void saysWhatIsWrongWithAQuestion() {
    assertRefused("url is missing", Map.of());
    assertRefused("given twice", Map.of("url", List.of("http://a/", "http://b/")));
    assertRefused("unknown parameter", Map.of("url", List.of("http://a/"), "x", List.of("")));
    assertRefused("http://", Map.of("url", List.of("a")));
    assertRefused("not a number", Map.of("url", List.of("http://a/"), "draw", List.of("x")));
    assertRefused("0..99", Map.of("url", List.of("http://a/"), "draw", List.of("100")));
    assertRefused("name: value", Map.of("url", List.of("http://a/"), "header", List.of("x")));
  }

  private void assertRefused(String why, Map<String, List<String>> query) {
    assertThatThrownBy(() -> page.render(query))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
  }
}
