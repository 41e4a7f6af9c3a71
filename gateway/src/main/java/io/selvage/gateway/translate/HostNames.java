// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.routing.HostPattern;
import java.util.Locale;
import java.util.Optional;

/** Host names as Kubernetes validates them (RFC 1123 subdomain) and the Ingress wildcard. */
public final class HostNames {
  /** RFC 1035 section 2.3.4, in the text form without the final dot. */
  private static final int MAX_NAME = 253;

  private static final int MAX_LABEL = 63;

  private HostNames() {}

  /** True for a lower-case RFC 1123 subdomain that is not an IPv4 address. */
  public static boolean isName(String text) {
    if (text.isEmpty() || text.length() > MAX_NAME) {
      return false;
    }
    int start = 0;
    boolean letters = false;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || text.charAt(i) == '.') {
        if (!isLabel(text, start, i)) {
          return false;
        }
        start = i + 1;
      } else {
        char c = text.charAt(i);
        letters |= c == '-' || c >= 'a' && c <= 'z';
      }
    }
    // Digits and dots only can be nothing but an address, or a mistake for one.
    return letters;
  }

  private static boolean isLabel(String text, int from, int to) {
    if (to <= from || to - from > MAX_LABEL) {
      return false;
    }
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      boolean plain = c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
      if (!plain && (c != '-' || i == from || i == to - 1)) {
        return false;
      }
    }
    return true;
  }

  /**
   * An Ingress host: a name, {@code *.} and a name (one label more), or nothing for all hosts.
   *
   * @return empty if the text is none of these, such as {@code *}, an address or a name with port
   */
  public static Optional<HostPattern> ingressHost(String text) {
    if (text.isEmpty()) {
      return Optional.of(HostPattern.any());
    }
    String lower = text.toLowerCase(Locale.ROOT);
    if (lower.startsWith("*.")) {
      return isName(lower.substring(2))
          ? Optional.of(HostPattern.oneLabel(lower.substring(1)))
          : Optional.empty();
    }
    return isName(lower) ? Optional.of(HostPattern.exact(lower)) : Optional.empty();
  }
}
