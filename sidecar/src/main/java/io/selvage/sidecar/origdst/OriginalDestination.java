// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.origdst;

import java.net.InetSocketAddress;

/** What the kernel says about where an accepted connection was going. */
public sealed interface OriginalDestination {
  /**
   * The kernel knows it. A connection that no rule redirected has the listener's own address here
   * where the kernel tracks connections; whoever forwards to it would call itself.
   *
   * @param address never an IPv4-mapped IPv6 address
   */
  record Known(InetSocketAddress address) implements OriginalDestination {}

  /**
   * The kernel does not know it.
   *
   * @param reason one clause for a log line, naming the error
   */
  record Unknown(String reason) implements OriginalDestination {}
}
