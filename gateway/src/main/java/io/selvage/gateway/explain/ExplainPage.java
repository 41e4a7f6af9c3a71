// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The admin page {@code /explain}: an {@link Explanation} as JSON. Parameters are {@code url},
 * {@code method} (GET), {@code header} as {@code name: value} and repeatable, {@code draw} (0).
 */
public final class ExplainPage {
  private static final Set<String> PARAMETERS = Set.of("url", "method", "header", "draw");

  private final Supplier<ServedTables> running;
  private final ObjectMapper json = new ObjectMapper();

  /**
   * @param running what is served at the moment of the question
   */
  public ExplainPage(Supplier<ServedTables> running) {
    this.running = running;
  }

  /**
   * Answers one question.
   *
   * @throws IllegalArgumentException if the question makes no sense; the message says why
   */
  public String render(Map<String, List<String>> query) throws JsonProcessingException {
    for (String name : query.keySet()) {
      if (!PARAMETERS.contains(name)) {
        throw new IllegalArgumentException(
            "unknown parameter; known are url, method, header and draw");
      }
    }
    String url = single(query, "url", "");
    if (url.isEmpty()) {
      throw new IllegalArgumentException("the parameter url is missing");
    }
    var question =
        new RequestQuestion(
            RequestUrl.parse(url),
            single(query, "method", "GET"),
            query.getOrDefault("header", List.of()).stream()
                .map(RequestQuestion.Field::parse)
                .toList(),
            draw(single(query, "draw", "0")));
    return json.writerWithDefaultPrettyPrinter()
            .writeValueAsString(RequestExplainer.explain(running.get(), question))
        + "\n";
  }

  private static int draw(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("the draw \"" + text + "\" is not a number", e);
    }
  }

  private static String single(Map<String, List<String>> query, String name, String fallback) {
    List<String> values = query.getOrDefault(name, List.of(fallback));
    if (values.size() != 1) {
      throw new IllegalArgumentException("the parameter " + name + " is given twice");
    }
    return values.getFirst();
  }
}
