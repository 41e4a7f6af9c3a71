// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.routing.HeaderEdits.Fact;
import io.selvage.model.routing.HeaderEdits.ValuePart;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Header values and error bodies with Envoy's operators, such as {@code %DOWNSTREAM_TLS_VERSION%},
 * taken apart. Operators are an allow list: an unknown one is an error that names it, never sent
 * literally.
 */
final class HeaderText {
  private static final Map<String, Fact> FACTS =
      Map.ofEntries(
          Map.entry("DOWNSTREAM_REMOTE_ADDRESS", Fact.CLIENT_ADDRESS_PORT),
          Map.entry("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Fact.CLIENT_ADDRESS),
          Map.entry("DOWNSTREAM_LOCAL_ADDRESS", Fact.LOCAL_ADDRESS),
          Map.entry("DOWNSTREAM_LOCAL_PORT", Fact.LOCAL_PORT),
          Map.entry("PROTOCOL", Fact.PROTOCOL),
          Map.entry("DOWNSTREAM_TLS_VERSION", Fact.TLS_VERSION),
          Map.entry("DOWNSTREAM_PEER_SUBJECT", Fact.PEER_SUBJECT),
          Map.entry("DOWNSTREAM_PEER_FINGERPRINT_256", Fact.PEER_FINGERPRINT),
          Map.entry("START_TIME", Fact.START_TIME),
          Map.entry("UPSTREAM_HOST", Fact.UPSTREAM_ADDRESS),
          Map.entry("RESPONSE_CODE", Fact.RESPONSE_STATUS),
          Map.entry("ROUTE_NAME", Fact.ROUTE_NAME));

  private static final Pattern REQUEST_HEADER = Pattern.compile("REQ\\(([A-Za-z0-9_-]+)\\)");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}");

  private HeaderText() {}

  /** The pieces in order, neighbouring literals joined. */
  static List<ValuePart> parse(String text) throws Rejected {
    var parts = new ArrayList<ValuePart>();
    var literal = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      int percent = text.indexOf('%', at);
      if (percent < 0) {
        literal.append(text, at, text.length());
        break;
      }
      literal.append(text, at, percent);
      int end = text.indexOf('%', percent + 1);
      if (end < 0) {
        throw new Rejected("a % without its second % (write %% for a percent sign)");
      }
      String operator = text.substring(percent + 1, end);
      if (operator.isEmpty()) {
        literal.append('%');
      } else {
        flush(literal, parts);
        parts.add(part(operator));
      }
      at = end + 1;
    }
    flush(literal, parts);
    return List.copyOf(parts);
  }

  private static void flush(StringBuilder literal, List<ValuePart> parts) {
    if (!literal.isEmpty()) {
      parts.add(new ValuePart.Literal(literal.toString()));
      literal.setLength(0);
    }
  }

  private static ValuePart part(String operator) throws Rejected {
    Fact fact = FACTS.get(operator);
    if (fact != null) {
      return new ValuePart.Variable(fact);
    }
    var header = REQUEST_HEADER.matcher(operator);
    if (header.matches()) {
      String name = header.group(1).toLowerCase(Locale.ROOT);
      return name.equals("x-request-id")
          ? new ValuePart.Variable(Fact.REQUEST_ID)
          : new ValuePart.RequestHeader(name);
    }
    throw new Rejected("the operator %" + operator + "% is not supported");
  }

  /** Checks a field name (RFC 9110, section 5.1) that a manifest wants set or removed. */
  static void checkName(String name) throws Rejected {
    if (!NAME.matcher(name).matches()) {
      throw new Rejected("\"" + name + "\" is not a header name");
    }
    if (name.equalsIgnoreCase("host")) {
      throw new Rejected("Host is changed by host_rewrite only");
    }
  }

  /** Checks a literal field value: no control characters but tab (RFC 9110, section 5.5). */
  static void checkValue(String value) throws Rejected {
    if (value.chars().anyMatch(c -> c < ' ' && c != '\t' || c == 0x7f)) {
      throw new Rejected("the value contains a control character");
    }
  }

  /** Why a text cannot be used; the message completes "header x: ...". */
  static final class Rejected extends Exception {
    private static final long serialVersionUID = 1;

    Rejected(String message) {
      super(message);
    }
  }
}
