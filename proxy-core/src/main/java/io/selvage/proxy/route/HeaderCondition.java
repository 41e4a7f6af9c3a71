// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.NamedMatch;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A condition on a request header. The pseudo-headers {@code :authority}, {@code :method} and
 * {@code :path} (with query) may be named too, as Emissary's users do.
 */
final class HeaderCondition {
  private final String name;
  private final byte[] lowerName;
  private final int id;
  private final StringMatcher value;

  private HeaderCondition(String name, StringMatcher value) {
    this.name = name;
    this.value = value;
    this.lowerName = name.getBytes(StandardCharsets.US_ASCII);
    this.id = HeaderName.idOf(lowerName, 0, lowerName.length);
  }

  /**
   * @throws BadRouteException if the value's expression or the name is not usable
   */
  static HeaderCondition compile(NamedMatch spec) {
    String name = spec.name().toLowerCase(Locale.ROOT);
    if (name.isEmpty()) {
      throw new BadRouteException("InvalidHeaderName", "a header condition has no name");
    }
    if (name.startsWith(":")
        && !name.equals(":authority")
        && !name.equals(":method")
        && !name.equals(":path")) {
      throw new BadRouteException(
          "InvalidHeaderName", "a condition on the pseudo-header " + name + " is not supported");
    }
    return new HeaderCondition(name, StringMatcher.compile(spec.value()));
  }

  boolean matches(RequestHead head) {
    return switch (name) {
      // A pattern for a host is meant with and without the port.
      case ":authority", "host" -> value.matches(head.host()) || value.matches(head.authority());
      case ":method" -> value.matches(head.method());
      case ":path" -> value.matches(head.target().toString());
      default -> matchesField(head.headers());
    };
  }

  private boolean matchesField(HeaderBlock headers) {
    int first = next(headers, 0);
    if (first < 0) {
      return false;
    }
    int second = value.isPresence() ? -1 : next(headers, first + 1);
    if (second < 0) {
      return value.matches(headers.array(), headers.valueStart(first), headers.valueEnd(first));
    }
    // Several fields are one list (RFC 9110, section 5.3).
    var joined = new StringBuilder(headers.value(first));
    for (int i = second; i >= 0; i = next(headers, i + 1)) {
      joined.append(',').append(headers.value(i));
    }
    return value.matches(joined.toString());
  }

  private int next(HeaderBlock headers, int from) {
    if (id == HeaderName.OTHER) {
      return headers.indexOf(lowerName, from);
    }
    for (int i = from; i < headers.count(); i++) {
      if (headers.id(i) == id && !headers.isDropped(i)) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public String toString() {
    return name + " " + value;
  }
}
