// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.ErrorResponseOverride;
import io.selvage.model.routing.ErrorResponse;
import io.selvage.model.routing.HeaderEdits.ValuePart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code error_response_overrides}. Emissary 4 accepts and ignores them; here they work as its 3.x
 * documentation says. An element that cannot be used costs itself only.
 */
final class ErrorResponses {
  private static final String FIELD = "spec.error_response_overrides";

  private ErrorResponses() {}

  static List<ErrorResponse> read(List<ErrorResponseOverride> overrides, Findings findings) {
    var out = new ArrayList<ErrorResponse>();
    for (int i = 0; i < overrides.size(); i++) {
      String field = FIELD + "[" + i + "]";
      try {
        out.add(one(overrides.get(i)));
      } catch (HeaderText.Rejected e) {
        findings.part(field, Findings.INVALID_VALUE, field + ": " + e.getMessage());
      }
    }
    return List.copyOf(out);
  }

  private static ErrorResponse one(ErrorResponseOverride override) throws HeaderText.Rejected {
    Integer status = override.onStatusCode();
    var body = override.body();
    if (status == null || status < 400 || status > 599) {
      throw new HeaderText.Rejected("on_status_code is not within 400..599");
    }
    if (body == null) {
      throw new HeaderText.Rejected("body is missing");
    }
    boolean text = body.textFormat() != null;
    boolean json = !body.jsonFormat().isEmpty();
    if (body.textFormatSource() != null) {
      throw new HeaderText.Rejected(
          "text_format_source names a file in Emissary's container; write text_format instead");
    }
    if (text == json) {
      throw new HeaderText.Rejected("body needs exactly one of text_format and json_format");
    }
    if (json) {
      return new ErrorResponse(status, "application/json", jsonBody(body.jsonFormat()), true);
    }
    String type = body.contentType() == null ? "text/plain" : body.contentType();
    HeaderText.checkValue(type);
    return new ErrorResponse(
        status, type, HeaderText.parse(String.valueOf(body.textFormat())), false);
  }

  /**
   * A JSON object of texts. The manifest's own text is escaped here, once; what operators bring in
   * is escaped when the response is made, so that no request can break out of its string.
   */
  private static List<ValuePart> jsonBody(Map<String, String> fields) throws HeaderText.Rejected {
    var parts = new ArrayList<ValuePart>();
    var literal = new StringBuilder("{");
    String comma = "";
    for (var field : fields.entrySet()) {
      literal.append(comma).append('"').append(escaped(field.getKey())).append("\":\"");
      for (ValuePart part : HeaderText.parse(field.getValue())) {
        if (part instanceof ValuePart.Literal(String text)) {
          literal.append(escaped(text));
        } else {
          parts.add(new ValuePart.Literal(literal.toString()));
          literal.setLength(0);
          parts.add(part);
        }
      }
      literal.append('"');
      comma = ",";
    }
    parts.add(new ValuePart.Literal(literal.append('}').toString()));
    return parts;
  }

  private static String escaped(String text) {
    var out = new StringBuilder(text.length() + 8);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        default -> {
          if (c < ' ') {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.toString();
  }
}
