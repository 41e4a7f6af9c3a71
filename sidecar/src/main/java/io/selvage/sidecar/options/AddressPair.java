// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.options;

import static java.util.Objects.requireNonNull;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * A listener that stands for one destination, where no packet filter redirects connections.
 *
 * @param listen where to listen; port 0 = any free one
 * @param destination what a connection to it was meant for
 */
public record AddressPair(InetSocketAddress listen, InetSocketAddress destination) {
  public AddressPair {
    requireNonNull(listen, "listen");
    requireNonNull(destination, "destination");
  }

  /**
   * Reads {@code LISTEN=DESTINATION}, each {@code ip:port} or {@code [ipv6]:port}.
   *
   * @throws OptionException naming what is wrong
   */
  static AddressPair parse(String text) throws OptionException {
    int equals = text.indexOf('=');
    if (equals < 0) {
      throw new OptionException("\"" + text + "\" is no pair such as 127.0.0.1:8080=127.0.0.1:80");
    }
    var pair =
        new AddressPair(
            parseAddress(text.substring(0, equals)), parseAddress(text.substring(equals + 1)));
    if (pair.destination().getPort() == 0) {
      throw new OptionException("\"" + text + "\" names no port to go to");
    }
    return pair;
  }

  /**
   * Reads {@code ip:port} or {@code [ipv6]:port}; names are not looked up.
   *
   * @throws OptionException naming what is wrong
   */
  static InetSocketAddress parseAddress(String text) throws OptionException {
    int colon = text.lastIndexOf(':');
    if (colon > 0) {
      String host = text.substring(0, colon);
      if (host.startsWith("[") && host.endsWith("]")) {
        host = host.substring(1, host.length() - 1);
      }
      try {
        int port = Integer.parseInt(text.substring(colon + 1));
        if (port >= 0 && port <= 65_535) {
          return new InetSocketAddress(InetAddress.ofLiteral(host), port);
        }
      } catch (IllegalArgumentException e) {
        // Told below, in the words of the command line.
      }
    }
    throw new OptionException("\"" + text + "\" is no address such as 127.0.0.1:80 or [::1]:80");
  }

  @Override
  public String toString() {
    return text(listen) + "=" + text(destination);
  }

  private static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
  }
}
