// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.selvage.proxy.tcp.SpeculativeTcp;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a connection whose protocol is found out. Called on the connection's event loop.
 * Bytes received so far follow as {@code channelRead} to whatever was put at the end of the
 * pipeline; the detection leaves the pipeline by itself.
 */
public interface Detected {
  /**
   * Begins to connect to the server of a silent client.
   *
   * @return null if the server must not be reached unasked: the client has to speak
   */
  @Nullable SpeculativeTcp speculate(Channel channel, SpeculativeTcp.Listener listener);

  /**
   * How long what the server has said is to be held back, because the client may be about to begin
   * a handshake that it would disturb: milliseconds since the connection was accepted.
   */
  default long holdMillis() {
    return 0;
  }

  /** Client or server has said something for the first time. May be called more than once. */
  default void onHeard(Channel channel) {}

  /** Nobody has, for too long: closes the channel. */
  void onSilent(ChannelHandlerContext ctx);

  /** HTTP/1.1 or HTTP/2: puts the codec in place. */
  void onHttp(ChannelHandlerContext ctx, Protocol version);

  /** A ClientHello has begun. */
  void onTls(ChannelHandlerContext ctx);

  /** Bytes, for which no connection was begun: puts the carrier in place, or closes. */
  void onRaw(ChannelHandlerContext ctx);

  /**
   * Bytes, for which a connection was begun: whether they may be carried. If not, the channel has
   * been closed.
   */
  boolean permitsCarrying(ChannelHandlerContext ctx);

  /** The server of a silent client cannot be reached, or has broken off: closes the channel. */
  void onServerUnreachable(ChannelHandlerContext ctx);
}
