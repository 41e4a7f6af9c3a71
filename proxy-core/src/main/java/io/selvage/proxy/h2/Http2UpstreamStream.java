// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.exchange.UpstreamFailure;
import io.selvage.proxy.exchange.UpstreamStream;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One attempt on an HTTP/2 connection. It gets its stream id when the head is sent, because ids
 * must rise in the order of their HEADERS. Confined to the connection's event loop.
 */
final class Http2UpstreamStream implements UpstreamStream, StreamEvents {
  private final Http2UpstreamConnection upstream;
  private final ResponseHead response;
  private @Nullable ResponseSink sink;
  private @Nullable Http2Stream stream;
  private boolean over;
  private boolean done;
  private boolean headMethod;
  private boolean headReceived;
  private boolean tunnel;

  /** Nobody takes what comes: over once what is queued has been sent. */
  private boolean abandoned;

  private @Nullable String webSocketKey;
  private long contentLength = -1;
  private long received;
  private int interims;

  Http2UpstreamStream(Http2UpstreamConnection upstream, ResponseHead response, ResponseSink sink) {
    this.upstream = upstream;
    this.response = response;
    this.sink = sink;
  }

  /** Reused by the connection once the attempt is over. */
  ResponseHead response() {
    return response;
  }

  // ---- UpstreamStream

  @Override
  public void sendHead(RequestHead head, String path, String authority, boolean end) {
    if (over) {
      return;
    }
    Http2Connection connection = upstream.connection();
    boolean webSocket = head.upgrade() != null;
    if (webSocket && !upstream.hasPeerSettings()) {
      // They say whether it may be asked for; no body comes before the answer.
      upstream.afterPeerSettings(() -> {
        sendHead(head, path, authority, end);
        flush();
      });
      return;
    }
    if (webSocket && !mayTunnel(head)) {
      failLater(UpstreamFailure.PROTOCOL_ERROR);
      return;
    }
    int id = upstream.takeStreamId();
    if (id < 0) {
      // GOAWAY or the end of the connection came between begin and now.
      failLater(UpstreamFailure.REFUSED);
      return;
    }
    headMethod = head.method().equals("HEAD");
    var s = new Http2Stream(connection, id, this);
    stream = s;
    upstream.onSent(this);
    connection.add(s);
    if (webSocket) {
      webSocketKey = head.headers().valueOf(HeaderName.SEC_WEBSOCKET_KEY);
    }
    s.sendHeaders(encoder -> encodeRequest(encoder, head, path, authority), end && !webSocket);
  }

  /** Only WebSocket, and only where the peer takes extended CONNECT. */
  private boolean mayTunnel(RequestHead head) {
    return WebSocketUpgrade.TOKEN.equals(requireNonNull(head.upgrade()).toLowerCase(Locale.ROOT))
        && upstream.connection().peer().isConnectProtocol();
  }

  private void encodeRequest(
      HpackEncoder encoder, RequestHead head, String path, String authority) {
    String method = webSocketKey != null ? "CONNECT" : head.method();
    switch (method) {
      case "GET" -> encoder.indexed(HpackStaticTable.METHOD);
      case "POST" -> encoder.indexed(HpackStaticTable.METHOD + 1);
      default -> encoder.pseudo(HpackStaticTable.METHOD, method, true);
    }
    String scheme = head.scheme();
    boolean https = scheme == null ? upstream.isSecure() : scheme.equals("https");
    encoder.indexed(https ? HpackStaticTable.SCHEME_HTTPS : HpackStaticTable.SCHEME_HTTP);
    if (path.equals("/")) {
      encoder.indexed(HpackStaticTable.PATH);
    } else {
      encoder.pseudo(HpackStaticTable.PATH, path, true);
    }
    if (!authority.isEmpty()) {
      encoder.pseudo(HpackStaticTable.AUTHORITY, authority, true);
    }
    HeaderBlock block = head.headers();
    if (webSocketKey != null) {
      encoder.field(":protocol", WebSocketUpgrade.TOKEN);
    }
    int key = webSocketKey == null ? -1 : block.indexOf(HeaderName.SEC_WEBSOCKET_KEY);
    FieldEncoding.encode(encoder, block, head.contentLength(), key);
    if (takesTrailers(block)) {
      encoder.field("te", "trailers");
    }
  }

  /**
   * TE is hop-by-hop, so the exchange may have dropped it; but we do pass trailers on, and gRPC
   * servers refuse requests without this field.
   */
  private static boolean takesTrailers(HeaderBlock block) {
    for (int i = 0; i < block.count(); i++) {
      if (block.id(i) == HeaderName.TE
          && block.value(i).toLowerCase(Locale.ROOT).contains("trailers")) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void sendData(ByteBuf data, boolean end) {
    Http2Stream s = stream;
    if (s == null || over) {
      data.release();
      return;
    }
    s.sendData(data, end);
  }

  @Override
  public void sendTrailers(HeaderBlock trailers) {
    Http2Stream s = stream;
    if (s == null || over) {
      return;
    }
    HeaderBlock block = s.queued() > 0 ? FieldEncoding.copyOf(trailers) : trailers;
    s.sendTrailers(encoder -> FieldEncoding.encodeTrailers(encoder, block));
  }

  @Override
  public void flush() {
    upstream.connection().requestFlush();
  }

  @Override
  public boolean isWritable() {
    Http2Stream s = stream;
    return s == null ? !over : s.isWritable();
  }

  @Override
  public void setReadable(boolean readable) {
    Http2Stream s = stream;
    if (s != null) {
      s.setReadable(readable);
    }
  }

  @Override
  public void startTunnel() {
    tunnel = true;
  }

  @Override
  public void endTunnel(boolean broken) {
    Http2Stream s = stream;
    if (broken || s == null || s.queued() == 0) {
      cancel(); // whatever was sent has its END_STREAM behind it
    } else {
      sink = null;
      abandoned = true;
      s.setReadable(true);
    }
  }

  @Override
  public void cancel() {
    sink = null;
    end();
    Http2Stream s = stream;
    if (s != null) {
      s.reset(Http2.CANCEL);
    }
  }

  @Override
  public String remoteAddress() {
    return upstream.remoteAddress();
  }

  // ---- what the peer sends

  /** A header block: interim response, final head or trailers. */
  void onHeaders(byte[] block, int length, boolean end) throws Http2Violation {
    if (headReceived) {
      TrailerFields trailers = upstream.decodeTrailers(block, length);
      onTrailers(trailers, end);
      return;
    }
    String malformed = upstream.decodeResponse(block, length, end, headMethod, response);
    if (malformed != null) {
      throw violation(malformed);
    }
    ResponseSink out = sink;
    if (response.status() < 200) {
      if (++interims > upstream.maxInterims()) {
        throw violation("too_many_interim_responses");
      }
      if (out != null && response.status() != 101) {
        out.onInformational(response);
      }
      return;
    }
    headReceived = true;
    contentLength = headMethod || response.status() == 304 ? -1 : response.contentLength();
    if (webSocketKey != null && response.status() < 300) {
      // RFC 8441 section 5: any 2xx opens the tunnel.
      response.setStatus(101, null);
      contentLength = -1;
      WebSocketUpgrade.addResponseFields(response.headers(), webSocketKey);
    }
    Http2Stream s = requireNonNull(stream);
    if (end) {
      s.remoteEnd();
      done = true;
    }
    if (out != null) {
      out.onHead(response, end);
    }
    finish(s, end);
  }

  private void onTrailers(TrailerFields trailers, boolean end) throws Http2Violation {
    Http2Stream s = requireNonNull(stream);
    if (s.isRemoteEnded()) {
      throw Http2Violation.stream(s.id(), Http2.STREAM_CLOSED, "stream_half_closed");
    }
    if (!end || trailers.malformed() != null) {
      throw violation("bad_trailers");
    }
    if (contentLength >= 0 && received != contentLength) {
      throw violation("content_length_mismatch");
    }
    s.remoteEnd();
    ResponseSink out = sink;
    done = true;
    if (out != null) {
      out.onTrailers(trailers.block());
    }
    finish(s, true);
  }

  @Override
  public void onData(ByteBuf data, boolean end) throws Http2Violation {
    Http2Stream s = requireNonNull(stream);
    received += data.readableBytes();
    if (!headReceived
        || (contentLength >= 0
            && (received > contentLength || (end && received != contentLength)))) {
      data.release();
      throw violation(headReceived ? "content_length_mismatch" : "data_before_head");
    }
    ResponseSink out = sink;
    if (out == null) {
      data.release();
    } else {
      done = end;
      out.onData(data, end);
    }
    finish(s, end);
  }

  /** After the response's end the rest of the request is of no use to anyone. */
  private void finish(Http2Stream s, boolean end) {
    if (!end) {
      return;
    }
    if (!s.isLocalEnded() && !tunnel && !s.isClosed()) {
      s.reset(Http2.NO_ERROR);
    }
    s.settle();
  }

  private Http2Violation violation(String reason) {
    return Http2Violation.stream(requireNonNull(stream).id(), Http2.PROTOCOL_ERROR, reason);
  }

  // ---- StreamEvents

  @Override
  public void onSent() {
    // Otherwise the response decides when the attempt is over.
    if (abandoned) {
      cancel();
    }
  }

  @Override
  public void onDead(int code, Cause cause) {
    fail(
        switch (cause) {
          case NOT_PROCESSED -> UpstreamFailure.REFUSED;
          case VIOLATION -> UpstreamFailure.PROTOCOL_ERROR;
          case PEER_RESET ->
              code == Http2.REFUSED_STREAM && !headReceived ? UpstreamFailure.REFUSED : reset();
          case STALLED -> reset();
          // Any other code is ours, for a peer that broke the connection's rules.
          case CONNECTION -> code == Http2.CANCEL ? reset() : UpstreamFailure.PROTOCOL_ERROR;
        });
  }

  private UpstreamFailure reset() {
    return headReceived ? UpstreamFailure.RESET_MID_RESPONSE : UpstreamFailure.RESET;
  }

  private void failLater(UpstreamFailure failure) {
    upstream.connection().context().channel().eventLoop().execute(() -> fail(failure));
  }

  private void fail(UpstreamFailure failure) {
    ResponseSink out = sink;
    sink = null;
    end();
    if (out != null && !done) {
      out.onFailed(failure);
    }
  }

  /** Ends an attempt whose connection is gone before its head was sent. */
  void failUnsent() {
    if (stream == null) {
      fail(UpstreamFailure.REFUSED);
    }
  }

  /** Gives back the place on the connection of an attempt that never got a stream. */
  private void end() {
    if (!over) {
      over = true;
      if (stream == null) {
        upstream.onUnsentEnd(this);
      }
    }
  }

  @Override
  public void onWritable(boolean writable) {
    ResponseSink out = sink;
    if (out != null) {
      out.onWritabilityChanged(writable);
    }
  }

  @Override
  public void onReadComplete() {
    ResponseSink out = sink;
    if (out != null) {
      out.onReadComplete();
    }
  }
}
