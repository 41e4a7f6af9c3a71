// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.ResponseHead;

/** What an upstream codec reports about one attempt; the Exchange implements it. */
public interface ResponseSink {
  /** The pool has a stream ready to be written. Called once, or {@link #onFailed} instead. */
  void onStream(UpstreamStream stream);

  /** A response of 1xx other than 101. */
  void onInformational(ResponseHead head);

  /** The final head; valid until the attempt has ended. */
  void onHead(ResponseHead head, boolean end);

  void onData(ByteBuf data, boolean end);

  void onTrailers(HeaderBlock trailers);

  /** The attempt is over, badly. Nothing is reported after this. */
  void onFailed(UpstreamFailure failure);

  void onWritabilityChanged(boolean writable);

  /** End of a read loop: time to flush what was written to the client. */
  void onReadComplete();
}
