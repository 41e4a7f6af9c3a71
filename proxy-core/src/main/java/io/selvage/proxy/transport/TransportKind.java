// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.transport;

/** How event loops wait for sockets. */
public enum TransportKind {
  /** Linux epoll: the default, and the only one that can splice. */
  EPOLL,
  /**
   * Linux io_uring: fewer system calls, more memory; a switch until it is the better one
   * everywhere.
   */
  IO_URING,
  /** The JDK's selectors: works everywhere. */
  NIO
}
