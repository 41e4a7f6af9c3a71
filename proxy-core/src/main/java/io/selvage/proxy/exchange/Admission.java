// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.selvage.proxy.http.RequestHead;

/**
 * Whether a request may pass, asked once for each before it is routed; one that may not is answered
 * with 403 (gRPC: PERMISSION_DENIED) and its connection goes on. Called on event loops: must not
 * block.
 */
@FunctionalInterface
public interface Admission {
  /** Lets everybody in. */
  Admission EVERYBODY = (connection, request) -> true;

  /**
   * @param connection whose request it is
   * @param request its target is as the client sent it, to be compared exactly
   */
  boolean permits(ConnectionInfo connection, RequestHead request);

  /**
   * Whether an exchange that was let in may go on; asked by {@link RunningExchanges#judge}. One
   * that may not is answered with 403 if its response has not begun, and broken off otherwise.
   */
  default boolean keeps(ConnectionInfo connection, RequestHead request) {
    return permits(connection, request);
  }
}
