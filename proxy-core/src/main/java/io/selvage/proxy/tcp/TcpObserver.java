// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

/** Hears of every raw connection, on event loops: must not block. */
@FunctionalInterface
public interface TcpObserver {
  /** Hears nothing. */
  TcpObserver NONE = report -> {};

  /** The connection has ended; called exactly once for each. */
  void onEnd(TcpReport report);
}
