// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.HeaderEdits.Add;
import io.selvage.model.routing.HeaderEdits.Fact;
import io.selvage.model.routing.HeaderEdits.ValuePart;
import io.selvage.proxy.http.HeaderBlock;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeaderEditorTest {
  private static final Facts FACTS =
      new Facts(Map.of(Fact.CLIENT_ADDRESS, "10.1.2.3"), Map.of("x-in", "a\r\nb\"\\"));

  private record Facts(Map<Fact, String> facts, Map<String, String> headers) implements FactSource {
    @Override
    public @Nullable String fact(Fact fact) {
      return facts.get(fact);
    }

    @Override
    public @Nullable String requestHeader(String lowerName) {
      return headers.get(lowerName);
    }
  }

  @Test
  void removesWithoutRegardToCaseAndKeepsTheRest() {
    HeaderBlock block = block("A: 1", "B: 2", "a: 3");

    HeaderEditor.compile(new HeaderEdits(List.of("a"), List.of())).apply(block, FACTS);

    assertThat(block).hasToString("B: 2\n");
  }

  @Test
  void appendsBesideOrReplaces() {
    HeaderBlock block = block("A: 1", "B: 2");
    var edits =
        new HeaderEdits(
            List.of(), List.of(Add.literal("a", "x", true), Add.literal("b", "y", false)));

    HeaderEditor.compile(edits).apply(block, FACTS);

    assertThat(block).hasToString("A: 1\na: x\nb: y\n");
  }

  @Test
  void removesFirstSoThatARemovedNameCanBeSetAnew() {
    HeaderBlock block = block("A: 1");

    HeaderEditor.compile(new HeaderEdits(List.of("a"), List.of(Add.literal("A", "2", true))))
        .apply(block, FACTS);

    assertThat(block).hasToString("A: 2\n");
  }

  @Test
  void putsFactsIntoValues() {
    var value =
        List.<ValuePart>of(
            new ValuePart.Literal("from="),
            new ValuePart.Variable(Fact.CLIENT_ADDRESS),
            new ValuePart.Literal(";in="),
            new ValuePart.RequestHeader("x-none"));
    HeaderBlock block = block();

    HeaderEditor.compile(new HeaderEdits(List.of(), List.of(new Add("x-f", value, false))))
        .apply(block, FACTS);

    assertThat(block).hasToString("x-f: from=10.1.2.3;in=\n");
  }

  @Test
  void leavesOutAValueThatComesOutEmptyButStillReplaces() {
    var empty = List.<ValuePart>of(new ValuePart.Variable(Fact.PEER_SUBJECT));
    HeaderBlock block = block("x-s: spoofed", "x-e: old");

    HeaderEditor.compile(
            new HeaderEdits(
                List.of(), List.of(new Add("x-s", empty, false), Add.literal("x-e", "", false))))
        .apply(block, FACTS);

    assertThat(block).hasToString("x-e: \n");
  }

  @Test
  void cleansWhatComesFromARequest() {
    var value = List.<ValuePart>of(new ValuePart.RequestHeader("x-in"));
    HeaderBlock block = block();

    HeaderEditor.compile(new HeaderEdits(List.of(), List.of(new Add("x-o", value, true))))
        .apply(block, FACTS);

    assertThat(block).hasToString("x-o: a  b\"\\\n");
    assertThat(ValueTemplate.forBody(value).render(FACTS, true)).isEqualTo("a  b\\\"\\\\");
  }

  @Test
  void copiesTheBytesOfARequestFieldAndWritesLiteralsInUtf8() {
    var facts = new Facts(Map.of(), Map.of("x-in", "\u00c3\u00a9\u00ff"));
    var value =
        List.<ValuePart>of(new ValuePart.Literal("\u00e9 "), new ValuePart.RequestHeader("x-in"));
    HeaderBlock block = block();

    HeaderEditor.compile(new HeaderEdits(List.of(), List.of(new Add("x-o", value, true))))
        .apply(block, facts);

    assertThat(block).hasToString("x-o: \u00c3\u00a9 \u00c3\u00a9\u00ff\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Host",
        "connection",
        "Content-Length",
        "transfer-encoding",
        "TE",
        "trailer",
        "Upgrade",
        "keep-alive",
        "proxy-connection",
        "expect",
        ":path",
        "a b",
        "",
        "a\r\n",
        "\u00e9"
      })
  void refusesNamesThatAreNoTokenOrBelongToTheFraming(String name) {
    assertThatThrownBy(() ->
            HeaderEditor.compile(new HeaderEdits(List.of(), List.of(Add.literal(name, "v", true)))))
        .isInstanceOf(BadRouteException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nInjected: x", "a\nb", "a\u0000", "\u007f", "a\rb"})
  void refusesLiteralValuesThatWouldEndTheField(String value) {
    assertThatThrownBy(() ->
            HeaderEditor.compile(
                new HeaderEdits(List.of(), List.of(Add.literal("x", value, true)))))
        .isInstanceOf(BadRouteException.class);
  }

  @Test
  void writesTabsAndUtf8() {
    HeaderBlock block = block();
    HeaderEditor.compile(
            new HeaderEdits(List.of(), List.of(Add.literal("x", "a\tgr\u00fcn", true))))
        .apply(block, FACTS);
    assertThat(block).hasToString("x: a\tgr\u00c3\u00bcn\n");
  }

  @Test
  void doesNothingWithoutEdits() {
    HeaderBlock block = block("A: 1");
    HeaderEditor editor = HeaderEditor.compile(HeaderEdits.NONE);
    editor.apply(block, FACTS);
    assertThat(editor.isEmpty()).isTrue();
    assertThat(block).hasToString("A: 1\n");
  }

  private static HeaderBlock block(String... lines) {
    var block = new HeaderBlock();
    for (String line : lines) {
      block.add(line.substring(0, line.indexOf(':')), line.substring(line.indexOf(':') + 2));
    }
    return block;
  }
}
