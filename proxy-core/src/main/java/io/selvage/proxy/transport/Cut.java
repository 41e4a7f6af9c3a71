// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.Errors;
import io.netty.handler.ssl.SslHandler;
import io.selvage.model.mesh.MeshProtocol;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

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
   * Nothing happens to a connection that is closed already.
   */
  public static void reset(Channel channel) {
    if (!channel.isOpen()) {
      return; // its descriptor may be another connection's by now
    }
    try {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException e) {
      // The kernel has given the connection up already.
    }
    ChannelHandlerContext tls = channel.pipeline().context(SslHandler.class);
    if (tls == null) {
      channel.close();
    } else {
      tls.close(); // towards the socket, past the handler
    }
  }

  /**
   * True if a FIN that has come is nobody's word: within TLS, without its own before it, unless it
   * needs none: {@link #isEndedByFin}.
   */
  public static boolean isTruncated(Channel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    return tls != null && !isEndedByFin(tls) && !tls.engine().isInboundDone();
  }

  /**
   * True if one direction of a tunnel within TLS ends by a FIN alone: where two proxies speak
   * HTTP/1.1 with each other. BoringSSL answers the end of one direction by ending the other, and
   * unlike raw bytes these are in no frames of our own that could say it.
   */
  public static boolean isEndedByFin(Channel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    return tls != null && isEndedByFin(tls);
  }

  private static boolean isEndedByFin(SslHandler tls) {
    return MeshProtocol.ALPN_HTTP1.equals(tls.applicationProtocol());
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
      return isBrokenPipe(cause.getCause()) ? Failure.GONE : Failure.BROKEN_WRITE;
    }
    // Netty's own attempt to shut down what is gone already: ENOTCONN.
    return cause instanceof NotYetConnectedException ? Failure.NOTHING : Failure.BROKEN;
  }

  /**
   * Closes a tunnel of which both directions have ended, with everything sent. A peer that ended
   * its own by a FIN alone could not answer TLS's word, and would break off for that.
   */
  public static void closeEnded(Channel channel) {
    ChannelHandlerContext tls = channel.pipeline().context(SslHandler.class);
    if (tls != null && isEndedByFin(channel)) {
      tls.close(); // towards the socket, past the handler
    } else {
      channel.close();
    }
  }

  private static boolean isBrokenPipe(@Nullable Throwable cause) {
    if (cause instanceof Errors.NativeIoException error) {
      return error.expectedErr() == Errors.ERRNO_EPIPE_NEGATIVE;
    }
    // The JDK's sockets have nothing but the text.
    return cause instanceof IOException && "Broken pipe".equals(cause.getMessage());
  }

  /** Bytes that wait for the channel's socket. */
  public static long queuedBytes(Channel channel) {
    ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
    return queue == null ? 0 : queue.totalPendingWriteBytes();
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

  /**
   * Closes a channel whose peer does not end its side within {@link #LAST_BYTES_MILLIS}. While
   * something is queued it has that time again as often as it takes any of it; if it takes nothing,
   * it is reset: what it has got is not everything.
   */
  public static void closeLater(Channel channel) {
    closeLater(channel, LAST_BYTES_MILLIS);
  }

  static void closeLater(Channel channel, long millis) {
    long queued = queuedBytes(channel);
    var timer =
        channel
            .eventLoop()
            .schedule(() -> look(channel, queued, millis), millis, TimeUnit.MILLISECONDS);
    channel.closeFuture().addListener(closed -> timer.cancel(false));
  }

  private static void look(Channel channel, long before, long millis) {
    long queued = queuedBytes(channel);
    if (queued < before) {
      closeLater(channel, millis);
    } else if (queued == 0) {
      channel.close();
    } else {
      reset(channel);
    }
  }
}
