// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.kube.IntOrString;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The text of a Mapping's {@code service}: {@code [scheme://]host[:port]}.
 *
 * @param scheme lower case, empty when none was written
 * @param host lower case, IPv6 without brackets, no trailing dot
 * @param port absent when none was written
 * @param trailing path or query that was written and has no meaning, empty when none
 */
record ServiceUrl(String scheme, String host, Optional<IntOrString> port, String trailing) {
  private static final Pattern FORM =
      Pattern.compile(
          "(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(\\[[0-9A-Fa-f:.%]+\\]|[A-Za-z0-9._-]+)(?::([A-Za-z0-9-]+))?([/?#].*)?");
  private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(?:\\.[0-9]{1,3}){3}");

  /** Empty if the text has another form or a port beyond 1..65535. */
  static Optional<ServiceUrl> parse(String text) {
    var m = FORM.matcher(text.strip());
    if (!m.matches()) {
      return Optional.empty();
    }
    String scheme = m.group(1) == null ? "" : m.group(1).toLowerCase(Locale.ROOT);
    String host = m.group(2).toLowerCase(Locale.ROOT);
    host = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    host = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    Optional<IntOrString> port = Optional.ofNullable(m.group(3)).map(IntOrString::of);
    boolean wrongPort =
        port.isPresent()
            && !port.get().isName()
            && (port.get().number() < 1 || port.get().number() > 65_535);
    boolean digitsTooLong = port.isPresent() && isOverlongNumber(port.get());
    if (host.isEmpty()
        || host.startsWith(".")
        || host.contains("..")
        || wrongPort
        || digitsTooLong) {
      return Optional.empty();
    }
    String trailing = m.group(4) == null || m.group(4).equals("/") ? "" : m.group(4);
    return Optional.of(new ServiceUrl(scheme, host, port, trailing));
  }

  private static boolean isOverlongNumber(IntOrString port) {
    return port.isName() && port.name().chars().allMatch(c -> c >= '0' && c <= '9');
  }

  boolean isHttps() {
    return scheme.equals("https");
  }

  boolean isIpLiteral() {
    return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
  }

  /** A name without dots other than localhost is completed with a namespace. */
  boolean isUnqualified() {
    return host.indexOf('.') < 0 && host.indexOf(':') < 0 && !host.equals("localhost");
  }

  /** Host and port as one text, brackets restored. */
  String authority(int effectivePort) {
    String h = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return h + ":" + effectivePort;
  }
}
