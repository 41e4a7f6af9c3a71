// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.RequestHead;

/**
 * The upstream's side of one attempt, on the same event loop as the client's stream. Implemented by
 * {@code h1} and {@code h2}; handed out by the connection pool.
 *
 * <p>Buffers are handed over; writes wait for {@link #flush()}.
 */
public interface UpstreamStream {
  /**
   * Sends the head. Fields marked dropped are left out; the codec writes the request line, Host (or
   * :authority) and framing itself and never sends hop-by-hop fields.
   *
   * @param path path and query as the upstream is to see them
   * @param authority Host as the upstream is to see it
   * @param end true when no body follows
   */
  void sendHead(RequestHead head, String path, String authority, boolean end);

  void sendData(ByteBuf data, boolean end);

  void sendTrailers(HeaderBlock trailers);

  void flush();

  boolean isWritable();

  /** Back-pressure on the response. */
  void setReadable(boolean readable);

  /** After a 101 (or 2xx to extended CONNECT): raw bytes both ways, {@code end} is a half-close. */
  void startTunnel();

  /**
   * No more bytes of the tunnel will come, and the endpoint's are not wanted any more.
   *
   * @param broken whether this was no end of a conversation: the endpoint sees a reset. Otherwise
   *     what is queued is still sent, and then the stream ends
   */
  void endTunnel(boolean broken);

  /** Gives the attempt up. An HTTP/1.1 connection is closed, an HTTP/2 stream reset. */
  void cancel();

  /** Remote address for the access log. */
  String remoteAddress();
}
