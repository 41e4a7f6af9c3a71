// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import java.nio.channels.NotYetConnectedException;
import java.util.concurrent.TimeUnit;

/**
 * Ends of connections that are no ends of conversations: how they are told apart, and how they are
 * passed on.
 */
public final class Cut {
  /**
   * How long a peer that has got everything, and whose bytes nobody takes any more, has to end its
   * side. To close earlier would reset it, and with that drop what is still on its way to it.
   */
  public static final long LAST_BYTES_MILLIS = 60_000;

  private Cut() {}

  /**
   * Resets a connection: its peer must not take this for an end. So nothing queued is sent any
   * more, nor TLS's own word for an end (RFC 8446 section 6.1), which would say that all was said.
   */
  public static void reset(Channel channel) {
    try {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException e) {
      // Closed already.
    }
    ChannelHandlerContext tls = channel.pipeline().context(SslHandler.class);
    if (tls == null) {
      channel.close();
    } else {
      tls.close(); // towards the socket, past the handler
    }
  }

  /** True if a FIN that has come is nobody's word: within TLS, without its own before it. */
  public static boolean isTruncated(Channel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    return tls != null && !tls.engine().isInboundDone();
  }

  /**
   * What an exception says of a channel that does not close at a write that fails ({@code
   * autoClose} off), so that what its peer had said before can still be read.
   */
  public enum Failure {
    /**
     * A write has failed because the peer had ended its side, and then closed: what it said is
     * whole. {@code ChannelOutputShutdownEvent} follows.
     */
    GONE,
    /**
     * A write has failed, and with that used up the news that this was no end: the end that is read
     * behind it is none. {@code ChannelOutputShutdownEvent} follows.
     */
    BROKEN_WRITE,
    /** Nothing new. */
    NOTHING,
    /** Anything else: the channel is of no use any more. */
    BROKEN
  }

  /** Tells what an exception in a channel's pipeline means. */
  public static Failure failure(Throwable cause) {
    if (cause instanceof ChannelOutputShutdownException) {
      // The kernel says EPIPE where a FIN came before the reset.
      Throwable first = cause.getCause();
      boolean gone = first != null && String.valueOf(first.getMessage()).contains("Broken pipe");
      return gone ? Failure.GONE : Failure.BROKEN_WRITE;
    }
    // Netty's own attempt to shut down what is gone already: ENOTCONN.
    return cause instanceof NotYetConnectedException ? Failure.NOTHING : Failure.BROKEN;
  }

  /**
   * Ends our direction behind what is queued, with TLS's own word where there is TLS, after which
   * it cannot be read from any more: what still comes then goes through the pipeline as it is.
   */
  public static void endForGood(Channel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls == null) {
      shutdownSocket(channel);
      return;
    }
    tls.closeOutbound()
        .addListener(said -> {
          if (channel.isOpen() && channel.pipeline().context(tls) != null) {
            // It would keep what it cannot decrypt any more.
            channel.pipeline().remove(tls);
          }
          shutdownSocket(channel);
        });
  }

  private static void shutdownSocket(Channel channel) {
    if (channel instanceof DuplexChannel socket && !socket.isInputShutdown()) {
      socket.shutdownOutput();
    } else {
      channel.close();
    }
  }

  /** Closes a channel whose peer does not end its side within {@link #LAST_BYTES_MILLIS}. */
  public static void closeLater(Channel channel) {
    var timer =
        channel
            .eventLoop()
            .schedule(() -> channel.close(), LAST_BYTES_MILLIS, TimeUnit.MILLISECONDS);
    channel.closeFuture().addListener(closed -> timer.cancel(false));
  }
}
