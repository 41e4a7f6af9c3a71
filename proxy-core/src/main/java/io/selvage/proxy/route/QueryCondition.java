// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.NamedMatch;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/** A condition on a query parameter: its first value, decoded. */
final class QueryCondition {
  private final String name;
  private final StringMatcher value;

  private QueryCondition(String name, StringMatcher value) {
    this.name = name;
    this.value = value;
  }

  /**
   * @throws BadRouteException if the value's expression does not compile
   */
  static QueryCondition compile(NamedMatch spec) {
    return new QueryCondition(spec.name(), StringMatcher.compile(spec.value()));
  }

  /**
   * @param query text after the question mark
   */
  boolean matches(String query) {
    int at = 0;
    while (at <= query.length()) {
      int end = query.indexOf('&', at);
      if (end < 0) {
        end = query.length();
      }
      int equals = query.indexOf('=', at);
      int nameEnd = equals < 0 || equals > end ? end : equals;
      if (nameEnd > at && nameMatches(query, at, nameEnd)) {
        return value.matches(decode(query.substring(Math.min(nameEnd + 1, end), end)));
      }
      at = end + 1;
    }
    return false;
  }

  private boolean nameMatches(String query, int from, int to) {
    if (to - from == name.length()) {
      return query.startsWith(name, from);
    }
    // An escape makes it longer; a shorter one cannot be it.
    return to - from > name.length() && decode(query.substring(from, to)).equals(name);
  }

  /** Malformed escapes are taken as they are: the query is the backend's to judge. */
  private static String decode(String text) {
    if (text.indexOf('%') < 0 && text.indexOf('+') < 0) {
      return text;
    }
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException malformed) {
      return text;
    }
  }

  @Override
  public String toString() {
    return name + " " + value;
  }
}
