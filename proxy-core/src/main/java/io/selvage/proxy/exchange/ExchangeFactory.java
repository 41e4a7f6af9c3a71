// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.selvage.proxy.http.Rejection;

/** Begins exchanges: the one entrance from the codecs into the proxy. */
public interface ExchangeFactory {
  /**
   * A request head has arrived, checked and parsed. The snapshot current at this moment is held by
   * the exchange to its end.
   *
   * @param end true when the request has no body
   * @return where the rest of the request goes
   */
  RequestSink onRequest(DownstreamStream stream, boolean end);

  /**
   * A request was refused by the codec before there was an exchange: counts and logs it. The codec
   * itself answers.
   */
  void onRejected(ConnectionInfo connection, Rejection rejection, String rawRequestLine);
}
