// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.Rejection;

/**
 * What a client's codec reports about the request of one exchange; the Exchange implements it. All
 * calls are on the stream's event loop, after {@link ExchangeFactory#onRequest}. Buffers are handed
 * over.
 */
public interface RequestSink {
  void onData(ByteBuf data, boolean end);

  /** Trailers, which end the request. */
  void onTrailers(HeaderBlock trailers);

  /** The body's framing or rate broke a rule: the upstream must not see a complete request. */
  void onMalformed(Rejection rejection);

  /** The client went away: RST_STREAM, or the connection closed. */
  void onClientGone();

  void onWritabilityChanged(boolean writable);

  /** End of a read loop: time to flush what was written upstream. */
  void onReadComplete();
}
