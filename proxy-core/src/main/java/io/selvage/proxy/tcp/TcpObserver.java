// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

/** Hears of every raw connection, on event loops: must not block. */
@FunctionalInterface
public interface TcpObserver {
  /** Hears nothing. */
  TcpObserver NONE = report -> {};

  /**
   * The endpoint is there, its handshake included, and bytes flow from here on. {@link #onEnd}
   * follows with {@link TcpReport#connected()}.
   *
   * @param flow may be kept until then and asked from any thread
   */
  default void onConnected(TcpFlow flow) {}

  /** The connection has ended; called exactly once for each. */
  void onEnd(TcpReport report);
}
