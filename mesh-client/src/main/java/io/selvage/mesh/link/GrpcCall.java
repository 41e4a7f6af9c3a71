// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.link;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.selvage.model.wire.GrpcFrames;
import io.selvage.model.wire.WireException;
import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.exchange.UpstreamFailure;
import io.selvage.proxy.exchange.UpstreamStream;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One gRPC call on an HTTP/2 connection. Confined to the connection's event loop. */
final class GrpcCall implements ResponseSink {
  /** Hears what comes back. */
  interface Listener {
    /**
     * @throws WireException ends the call with INTERNAL and the exception's text
     */
    void onMessage(byte[] message) throws WireException;

    /** More may be sent after {@link GrpcCall#isWritable} was false. */
    default void onWritable() {}

    /** The call is over; exactly once, and nothing follows. */
    void onEnd(GrpcStatus status);
  }

  private final String path;
  private final String authority;
  private final Listener listener;
  private final GrpcFrames frames = new GrpcFrames();
  private @Nullable UpstreamStream stream;
  private boolean headed;
  private boolean over;

  /**
   * @param path such as {@code /package.Service/Method}
   * @param authority for the server's logs
   */
  GrpcCall(String path, String authority, Listener listener) {
    this.path = path;
    this.authority = authority;
    this.listener = listener;
  }

  /** Sends one message, and with {@code end} says that no more will come. */
  void send(byte[] message, boolean end) {
    UpstreamStream to = stream;
    if (to != null && !over) {
      to.sendData(Unpooled.wrappedBuffer(GrpcFrames.frame(message)), end);
      to.flush();
    }
  }

  /** Whether the peer takes what is sent; what is sent nevertheless waits in memory. */
  boolean isWritable() {
    UpstreamStream to = stream;
    return to != null && !over && to.isWritable();
  }

  /** Gives the call up; the listener hears nothing any more. */
  void cancel() {
    if (!over) {
      over = true;
      if (stream != null) {
        stream.cancel();
        stream.flush();
      }
    }
  }

  @Override
  public void onStream(UpstreamStream begun) {
    stream = begun;
    var head = new RequestHead();
    head.setMethod("POST");
    head.setVersion(HttpVersion.HTTP_2);
    head.setBody(true, -1);
    head.headers().add("content-type", "application/grpc");
    head.headers().add("te", "trailers");
    head.headers().add("user-agent", "selvage");
    begun.sendHead(head, path, authority, false);
    begun.flush();
  }

  @Override
  public void onInformational(ResponseHead head) {
    // Nothing in it concerns a call.
  }

  @Override
  public void onHead(ResponseHead head, boolean end) {
    headed = true;
    if (head.status() != 200) {
      fail(GrpcStatus.unavailable("HTTP status " + head.status()));
      return;
    }
    String type = head.headers().valueOf(HeaderName.CONTENT_TYPE);
    if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/grpc")) {
      fail(new GrpcStatus(GrpcStatus.UNKNOWN, "the answer is no gRPC"));
    } else if (end) {
      end(GrpcStatus.of(head.headers()));
    }
  }

  @Override
  public void onData(ByteBuf data, boolean end) {
    byte[] bytes = new byte[data.readableBytes()];
    data.readBytes(bytes);
    data.release();
    if (over) {
      return;
    }
    try {
      frames.read(
          bytes,
          0,
          bytes.length,
          message -> {
            if (!over) {
              listener.onMessage(message);
            }
          });
    } catch (WireException e) {
      fail(new GrpcStatus(GrpcStatus.INTERNAL, String.valueOf(e.getMessage())));
      return;
    }
    if (end) {
      end(new GrpcStatus(GrpcStatus.UNKNOWN, "the call ended without trailers"));
    }
  }

  @Override
  public void onTrailers(HeaderBlock trailers) {
    GrpcStatus status = GrpcStatus.of(trailers);
    end(
        status.isOk() && !frames.isAtBoundary()
            ? new GrpcStatus(GrpcStatus.INTERNAL, "the call ended within a message")
            : status);
  }

  @Override
  public void onFailed(UpstreamFailure failure) {
    end(
        GrpcStatus.unavailable(
            headed ? "the connection was lost" : "the call was not answered: " + failure));
  }

  @Override
  public void onWritabilityChanged(boolean writable) {
    if (writable && !over) {
      listener.onWritable();
    }
  }

  @Override
  public void onReadComplete() {
    // What is sent is flushed at once.
  }

  private void fail(GrpcStatus status) {
    if (!over) {
      cancel();
      listener.onEnd(status);
    }
  }

  private void end(GrpcStatus status) {
    if (!over) {
      over = true;
      listener.onEnd(status);
    }
  }
}
