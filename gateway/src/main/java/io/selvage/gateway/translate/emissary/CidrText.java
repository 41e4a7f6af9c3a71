// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import java.util.regex.Pattern;

/** Address ranges in manifests: {@code 10.0.0.0/8}, {@code 2001:db8::/32}, or one address. */
final class CidrText {
  private static final Pattern IPV4 =
      Pattern.compile("([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})");
  private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]{2,45}");

  private CidrText() {}

  static boolean isValid(String text) {
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    boolean v6 = address.indexOf(':') >= 0;
    if (v6 ? !isIpv6(address) : !isIpv4(address)) {
      return false;
    }
    return slash < 0 || isNumber(text.substring(slash + 1), v6 ? 128 : 32);
  }

  static boolean isIpLiteral(String text) {
    return text.indexOf(':') >= 0 ? isIpv6(text) : isIpv4(text);
  }

  private static boolean isIpv4(String text) {
    var m = IPV4.matcher(text);
    return m.matches()
        && isNumber(m.group(1), 255)
        && isNumber(m.group(2), 255)
        && isNumber(m.group(3), 255)
        && isNumber(m.group(4), 255);
  }

  private static boolean isIpv6(String text) {
    if (!IPV6.matcher(text).matches()) {
      return false;
    }
    try {
      // A literal with a colon is parsed by the JDK, never looked up.
      return java.net.InetAddress.ofLiteral(text).getAddress().length == 16
          || text.indexOf(':') >= 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static boolean isNumber(String text, int max) {
    return !text.isEmpty()
        && text.length() <= 3
        && text.chars().allMatch(c -> c >= '0' && c <= '9')
        && Integer.parseInt(text) <= max;
  }
}
