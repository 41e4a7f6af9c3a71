// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseDate;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.transport.Cut;
import java.nio.charset.StandardCharsets;

/**
 * The writing half of a client's connection: chooses the framing of each response (RFC 9112 section
 * 6.3) and holds the body to it.
 */
final class ResponseWriter {
  private static final byte[] SERVER = Tokens.bytes("server");
  private static final byte[] DATE = Tokens.bytes("date");

  private final ChannelHandlerContext ctx;
  private final MessageWriter out;
  private RequestHead request = new RequestHead();
  private boolean bodyAllowed;

  /** Body bytes the announced length still calls for; -1 when none was announced. */
  private long left;

  ResponseWriter(ChannelHandlerContext ctx) {
    this.ctx = ctx;
    this.out = new MessageWriter(ctx);
  }

  /** The next response answers {@code head}. */
  void begin(RequestHead head) {
    request = head;
    left = -1;
    bodyAllowed = false;
  }

  void informational(ResponseHead interim) {
    ByteBuf buffer = out.headBuffer(interim.headers(), 0);
    HeadEncoder.response(buffer, interim, false, HeadEncoder.Connection.DEFAULT, "");
    out.head(buffer, false, true);
    out.flush();
  }

  /**
   * @return whether the connection ends with this response
   */
  boolean head(ResponseHead response, boolean end, boolean close) {
    int status = response.status();
    boolean http10 = request.version() == HttpVersion.HTTP_1_0;
    boolean tunnel = request.isTunnelOpenedBy(status);
    bodyAllowed = !tunnel && status != 204 && status != 304 && !request.method().equals("HEAD");
    if (end && bodyAllowed && response.contentLength() < 0) {
      response.setBody(false, 0);
    }
    long length = response.contentLength();
    boolean unframed = !end && bodyAllowed && length < 0;
    boolean ending = close && !tunnel || unframed && http10;
    left = bodyAllowed ? length : -1;
    HeadEncoder.Connection connection =
        ending
            ? HeadEncoder.Connection.CLOSE
            : http10 ? HeadEncoder.Connection.KEEP_ALIVE : HeadEncoder.Connection.DEFAULT;
    String upgrade = request.upgrade();
    ByteBuf buffer = out.headBuffer(response.headers(), bodyAllowed ? length : 0);
    HeadEncoder.response(
        buffer,
        response,
        unframed && !http10,
        connection,
        status == 101 && upgrade != null ? upgrade : "");
    out.head(buffer, unframed && !http10, end || tunnel);
    return ending;
  }

  /**
   * @return false if the body does not fit the announced length: the client must not take what was
   *     sent for a whole response
   */
  boolean data(ByteBuf data, boolean end) {
    if (!bodyAllowed) {
      data.release();
      if (end) {
        out.data(Unpooled.EMPTY_BUFFER, true);
      }
      return true;
    }
    if (left >= 0) {
      left -= data.readableBytes();
      if (left < 0 || end && left > 0) {
        data.release();
        return false;
      }
    }
    out.data(data, end);
    return true;
  }

  void trailers(HeaderBlock fields) {
    out.trailers(fields);
  }

  /** Tunnel bytes; {@code end} is a half-close behind them. */
  void raw(ByteBuf data, boolean end) {
    out.data(data, false);
    if (end) {
      out.flush();
      ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> shutdownOutput());
    }
  }

  void flush() {
    out.flush();
  }

  void discard() {
    out.discard();
  }

  /** The answer to what never became a request. */
  void refuse(int status, String serverName) {
    begin(new RequestHead());
    var response = new ResponseHead();
    response.setStatus(status, null);
    if (!serverName.isEmpty()) {
      response.headers().add(SERVER, serverName.getBytes(StandardCharsets.ISO_8859_1));
    }
    response.headers().add(DATE, ResponseDate.now());
    response.setBody(false, 0);
    head(response, true, true);
  }

  /**
   * Closes behind what is written: at once, or with {@code linger} our direction only, so that the
   * client is not reset by bytes it had already sent.
   */
  void close(boolean linger) {
    var written = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER);
    if (!linger) {
      written.addListener(ChannelFutureListener.CLOSE);
      return;
    }
    written.addListener(f -> Cut.endForGood(ctx.channel()));
  }

  private void shutdownOutput() {
    SslHandler tls = ctx.pipeline().get(SslHandler.class);
    if (tls != null && !Cut.isEndedByFin(ctx.channel())) {
      tls.closeOutbound().addListener(f -> shutdownSocket());
    } else {
      shutdownSocket();
    }
  }

  private void shutdownSocket() {
    if (ctx.channel() instanceof DuplexChannel socket && !socket.isInputShutdown()) {
      socket.shutdownOutput();
    } else {
      Cut.closeEnded(ctx.channel());
    }
  }
}
