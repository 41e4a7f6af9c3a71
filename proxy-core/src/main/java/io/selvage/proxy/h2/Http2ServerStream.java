// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.exchange.DownstreamStream;
import io.selvage.proxy.exchange.RequestSink;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** One request of an HTTP/2 client. Confined to the connection's event loop. */
final class Http2ServerStream implements DownstreamStream, StreamEvents, Http2Stream.HeaderWriter {
  private final Http2ServerConnection server;
  private final Http2Stream stream;
  private final RequestHead head;
  private final long contentLength;
  private final boolean extendedConnect;
  private long received;
  private @Nullable RequestSink sink;
  private @Nullable ResponseHead sending;
  private @Nullable String violation;
  private boolean tunnel;
  private boolean malformed;
  private @Nullable ArrayDeque<ByteBuf> early;
  private boolean earlyEnd;

  // Progress of the body while one is awaited.
  private boolean bodyTimed;
  private long bodyStartNanos;
  private long bodyLastNanos;
  private long bodyBytes;

  /**
   * @param contentLength what the DATA frames must add up to, or -1
   * @param extendedConnect the request came as an extended CONNECT (RFC 8441)
   */
  Http2ServerStream(
      Http2ServerConnection server,
      int id,
      RequestHead head,
      long contentLength,
      boolean extendedConnect) {
    this.server = server;
    this.head = head;
    this.contentLength = contentLength;
    this.extendedConnect = extendedConnect;
    this.stream = new Http2Stream(server.connection(), id, this);
  }

  Http2Stream stream() {
    return stream;
  }

  /**
   * Begins to deliver.
   *
   * @param timeBody whether the body's progress is watched: not for tunnels and gRPC, whose streams
   *     are silent for as long as the application likes
   */
  void begin(RequestSink sink, boolean timeBody) {
    this.sink = sink;
    bodyTimed = timeBody;
    restartBodyTime();
  }

  private void restartBodyTime() {
    bodyStartNanos = server.connection().now();
    bodyLastNanos = bodyStartNanos;
    bodyBytes = 0;
  }

  /** Refuses a body that has stopped, or drips below the least rate. */
  void checkBody(long now, Limits.Request limits) {
    RequestSink s = sink;
    if (!bodyTimed || s == null || stream.isRemoteEnded() || !stream.isReadable()) {
      return;
    }
    long idleNanos = limits.bodyIdleMillis() * 1_000_000;
    String reason = null;
    if (now - bodyLastNanos >= idleNanos) {
      reason = "body_idle";
    } else if (now - bodyStartNanos >= idleNanos
        && bodyBytes < limits.bodyMinBytesPerSecond() * ((now - bodyStartNanos) / 1e9)) {
      // The average counts from the first full period, so a slow start is forgiven.
      reason = "body_too_slow";
    }
    if (reason != null) {
      bodyTimed = false;
      malformed = true;
      s.onMalformed(new Rejection(408, reason, false));
      server.connection().requestFlush();
    }
  }

  // ---- DownstreamStream

  @Override
  public EventLoop eventLoop() {
    return server.connection().context().channel().eventLoop();
  }

  @Override
  public ConnectionInfo connection() {
    return server.info();
  }

  @Override
  public RequestHead request() {
    return head;
  }

  @Override
  public void sendInformational(ResponseHead response) {
    if (response.status() == 100) {
      // From now on the client is to send.
      bodyTimed |= head.isExpectContinue();
      restartBodyTime();
    }
    sending = response;
    stream.sendHeaders(this, false);
  }

  @Override
  public void sendHead(ResponseHead response, boolean end) {
    if (server.isDraining()) {
      server.connection().shutdown();
    }
    sending = response;
    stream.sendHeaders(this, end);
  }

  @Override
  public void encode(HpackEncoder encoder) {
    ResponseHead response = requireNonNull(sending);
    // A tunnel that was asked for by extended CONNECT is accepted by 200 (RFC 8441 section 5).
    boolean accepted = extendedConnect && response.status() == 101;
    encoder.status(accepted ? 200 : response.status());
    HeaderBlock block = response.headers();
    if (accepted) {
      int i = block.indexOf(WebSocketUpgrade.ACCEPT, 0);
      if (i >= 0) {
        block.drop(i);
      }
    }
    // An interim response and a tunnel have no body to measure.
    FieldEncoding.encode(encoder, block, response.status() < 200 ? -1 : response.contentLength());
  }

  @Override
  public void sendData(ByteBuf data, boolean end) {
    stream.sendData(data, end);
  }

  @Override
  public void sendTrailers(HeaderBlock trailers) {
    HeaderBlock block = stream.queued() > 0 ? FieldEncoding.copyOf(trailers) : trailers;
    stream.sendTrailers(encoder -> FieldEncoding.encodeTrailers(encoder, block));
  }

  @Override
  public void flush() {
    server.connection().requestFlush();
  }

  @Override
  public boolean isWritable() {
    return stream.isWritable();
  }

  @Override
  public void setReadable(boolean readable) {
    if (readable && !stream.isReadable()) {
      // A pause of ours is not the client's.
      restartBodyTime();
    }
    stream.setReadable(readable);
  }

  @Override
  public void startTunnel() {
    tunnel = true;
    ArrayDeque<ByteBuf> held = early;
    early = null;
    stream.setReadable(true);
    RequestSink s = sink;
    while (held != null && !held.isEmpty()) {
      ByteBuf data = held.remove();
      if (s == null) {
        data.release();
      } else {
        s.onData(data, earlyEnd && held.isEmpty());
      }
    }
  }

  /** Bytes before the 200 of an extended CONNECT wait; the stream's window bounds them. */
  private void holdEarly(ByteBuf data, boolean end) {
    ArrayDeque<ByteBuf> held = early;
    if (held == null) {
      held = new ArrayDeque<>();
      early = held;
      stream.setReadable(false);
    }
    held.add(data);
    earlyEnd = end;
  }

  private void dropEarly() {
    ArrayDeque<ByteBuf> held = early;
    early = null;
    while (held != null && !held.isEmpty()) {
      held.remove().release();
    }
  }

  @Override
  public void endTunnel(boolean broken) {
    sink = null;
    dropEarly();
    if (broken) {
      stream.reset(Http2.CONNECT_ERROR); // RFC 9113 section 8.5
      return;
    }
    tunnel = false; // once all is sent, the client's half is reset
    if (stream.isLocalEnded()) {
      stream.reset(Http2.NO_ERROR);
    } else {
      stream.sendData(Unpooled.EMPTY_BUFFER, true);
      server.connection().requestFlush();
    }
  }

  @Override
  public void abort(AbortReason reason) {
    sink = null;
    dropEarly();
    stream.reset(
        switch (reason) {
          case UPSTREAM_RESET, INTERNAL -> Http2.INTERNAL_ERROR;
          case TIMEOUT, DENIED -> Http2.CANCEL;
          case BAD_REQUEST -> Http2.PROTOCOL_ERROR;
          case LIMIT -> Http2.ENHANCE_YOUR_CALM;
        });
  }

  @Override
  public void closeAfterResponse() {
    // Other than in HTTP/1.1, a request that went wrong says nothing about the next one: its frames
    // are bounded by themselves.
    if (!malformed) {
      server.connection().shutdown();
    }
  }

  // ---- StreamEvents

  @Override
  public void onData(ByteBuf data, boolean end) throws Http2Violation {
    RequestSink s = sink;
    if (s == null) {
      data.release();
      return;
    }
    if (extendedConnect && !tunnel) {
      holdEarly(data, end);
      return;
    }
    received += data.readableBytes();
    bodyBytes += data.readableBytes();
    bodyLastNanos = server.connection().now();
    if (contentLength >= 0 && (received > contentLength || (end && received != contentLength))) {
      data.release();
      throw violation("content_length_mismatch");
    }
    s.onData(data, end);
  }

  /** The request's trailers, or their being malformed. */
  void onTrailers(TrailerFields trailers) throws Http2Violation {
    String malformed = trailers.malformed();
    if (malformed != null) {
      throw violation(malformed);
    }
    if (contentLength >= 0 && received != contentLength) {
      throw violation("content_length_mismatch");
    }
    stream.remoteEnd();
    RequestSink s = sink;
    if (s != null) {
      s.onTrailers(trailers.block());
    }
    stream.settle();
  }

  private Http2Violation violation(String reason) {
    violation = reason;
    return Http2Violation.stream(stream.id(), Http2.PROTOCOL_ERROR, reason);
  }

  @Override
  public void onSent() {
    if (!stream.isRemoteEnded() && !tunnel) {
      // RFC 9113 section 8.1: the rest of the request is not wanted any more.
      sink = null;
      dropEarly();
      stream.reset(Http2.NO_ERROR);
    }
  }

  @Override
  public void onDead(int code, Cause cause) {
    RequestSink s = sink;
    sink = null;
    dropEarly();
    if (s == null) {
      return;
    }
    if (cause == Cause.VIOLATION) {
      malformed = true;
      s.onMalformed(Rejection.bad(violation == null ? "protocol_error" : violation));
    } else {
      s.onClientGone();
    }
  }

  @Override
  public void onWritable(boolean writable) {
    RequestSink s = sink;
    if (s != null) {
      s.onWritabilityChanged(writable);
    }
  }

  @Override
  public void onReadComplete() {
    RequestSink s = sink;
    if (s != null) {
      s.onReadComplete();
    }
  }
}
