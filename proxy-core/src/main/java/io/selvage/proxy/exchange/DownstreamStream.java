// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;

/**
 * The client's side of one exchange: an HTTP/2 stream, or an HTTP/1.1 connection while it carries
 * one request. Implemented by {@code h1} and {@code h2}, driven by the Exchange.
 *
 * <p>All calls are on {@link #eventLoop()}. Data buffers are handed over: the callee releases them,
 * also when the stream is already dead (calls after an abort release and do nothing). Writes are
 * not flushed until {@link #flush()}, so head and first body bytes leave in one system call.
 */
public interface DownstreamStream {
  EventLoop eventLoop();

  ConnectionInfo connection();

  /** The request head; valid until the exchange has ended. */
  RequestHead request();

  /** An interim response: 100 or 103. Dropped for HTTP/1.0. */
  void sendInformational(ResponseHead head);

  /**
   * The final head. Hop-by-hop fields have been dropped by the exchange; the codec adds framing
   * (content-length stays, otherwise chunked; {@code Connection: close} when it will close).
   *
   * @param end true when no body and no trailers follow
   */
  void sendHead(ResponseHead head, boolean end);

  void sendData(ByteBuf data, boolean end);

  /** Ends the response with trailers. HTTP/1.1 sends them only if chunked; otherwise just ends. */
  void sendTrailers(HeaderBlock trailers);

  void flush();

  /** False when enough is queued that the sender should pause. */
  boolean isWritable();

  /**
   * Back-pressure on the request body: false stops reading (HTTP/1.1) or window updates (HTTP/2).
   */
  void setReadable(boolean readable);

  /**
   * After a 101 (or a 2xx to extended CONNECT) has been sent with {@link #sendHead}: from here on
   * data is raw bytes both ways, and {@code end} is a half-close.
   */
  void startTunnel();

  /**
   * No more bytes of the tunnel will come, and the client's are not wanted any more.
   *
   * @param broken whether this was no end of a conversation: the client sees a reset. Otherwise
   *     what is queued is still sent, and then the stream ends
   */
  void endTunnel(boolean broken);

  /** Ends the stream at once and dishonestly for nobody: RST_STREAM, or closing the connection. */
  void abort(AbortReason reason);

  /** The connection is not used for another request: {@code Connection: close} or GOAWAY. */
  void closeAfterResponse();

  /** Why a stream is aborted. */
  enum AbortReason {
    /** The upstream died in mid-response. */
    UPSTREAM_RESET,
    /** A timer ran out after the head was sent. */
    TIMEOUT,
    /** The request's framing turned out to be wrong in mid-body. */
    BAD_REQUEST,
    /** The client is over a limit. */
    LIMIT,
    /** Policy has changed: the client may not have the rest. */
    DENIED,
    /** An error of our own. */
    INTERNAL
  }
}
