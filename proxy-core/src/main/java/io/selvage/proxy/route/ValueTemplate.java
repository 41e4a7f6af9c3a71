// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.HeaderEdits.ValuePart;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Text made of fixed pieces and facts. What comes from a request is cleaned as it is put in:
 * control characters would end a header field or a line of a body early.
 */
public final class ValueTemplate {
  private final List<ValuePart> parts;
  private final byte @Nullable [] constant;

  private ValueTemplate(List<ValuePart> parts) {
    this.parts = parts;
    var text = new StringBuilder();
    boolean fixed = true;
    for (ValuePart part : parts) {
      if (part instanceof ValuePart.Literal(String literal)) {
        text.append(literal);
      } else {
        fixed = false;
      }
    }
    constant = fixed ? text.toString().getBytes(StandardCharsets.UTF_8) : null;
  }

  /** A template for a body: literals may hold anything. */
  static ValueTemplate forBody(List<ValuePart> parts) {
    return new ValueTemplate(parts);
  }

  /**
   * A template for a header value.
   *
   * @throws BadRouteException if a literal holds what no field value may (RFC 9110, section 5.5)
   */
  static ValueTemplate forHeader(List<ValuePart> parts) {
    for (ValuePart part : parts) {
      if (part instanceof ValuePart.Literal(String literal)) {
        for (int i = 0; i < literal.length(); i++) {
          char c = literal.charAt(i);
          if ((c < 0x20 && c != '\t') || c == 0x7f) {
            throw new BadRouteException(
                "InvalidHeaderValue", "a header value holds the control character " + (int) c);
          }
        }
      }
    }
    return new ValueTemplate(parts);
  }

  /** True if the text is empty whatever the exchange. */
  boolean isEmptyConstant() {
    return constant != null && constant.length == 0;
  }

  /**
   * The text as a field value, not to be written to: literals and facts in UTF-8, a request's field
   * byte for byte as it came.
   */
  byte[] bytes(FactSource facts) {
    if (constant != null) {
      return constant;
    }
    var out = new StringBuilder();
    for (ValuePart part : parts) {
      switch (part) {
        case ValuePart.Literal(String text) -> out.append(octets(text));
        case ValuePart.Variable(var fact) -> append(out, octets(facts.fact(fact)), false);
        case ValuePart.RequestHeader(String name) -> append(out, facts.requestHeader(name), false);
      }
    }
    return out.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /**
   * One character for each byte of the text in UTF-8: how {@link FactSource} gives field values.
   */
  private static @Nullable String octets(@Nullable String text) {
    return text == null
        ? null
        : new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  /**
   * The text for one exchange.
   *
   * @param jsonEscaped whether facts stand inside JSON strings
   */
  public String render(FactSource facts, boolean jsonEscaped) {
    var out = new StringBuilder();
    for (ValuePart part : parts) {
      switch (part) {
        case ValuePart.Literal(String text) -> out.append(text);
        case ValuePart.Variable(var fact) -> append(out, facts.fact(fact), jsonEscaped);
        case ValuePart.RequestHeader(String name) ->
            append(out, facts.requestHeader(name), jsonEscaped);
      }
    }
    return out.toString();
  }

  private static void append(StringBuilder out, @Nullable String text, boolean jsonEscaped) {
    if (text == null) {
      return;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x20 || c == 0x7f) {
        out.append(' ');
      } else if (jsonEscaped && (c == '"' || c == '\\')) {
        out.append('\\').append(c);
      } else {
        out.append(c);
      }
    }
  }
}
