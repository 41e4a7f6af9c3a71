// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.selvage.model.routing.Settings;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.listener.ServerCodec;
import io.selvage.proxy.listener.ServerCodecContext;
import java.util.ArrayDeque;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's half of a connection: turns header blocks into requests, answers refused ones, and
 * ends the connection when it is idle, old or draining. Confined to the channel's event loop.
 */
final class Http2ServerConnection implements Http2Role {
  // A head is not reused within the call that ended its exchange, nor by the few next ones.
  private static final int KEPT_HEADS = 2;
  private static final Logger LOG = LoggerFactory.getLogger(Http2ServerConnection.class);

  private final ConnectionInfo info;
  private final ServerCodecContext context;
  private final Http2Connection connection;
  private final RequestFields fields;
  private final TrailerFields trailers;

  // Heads whose exchange is over, oldest first, so that one is not reused within its own last call.
  private final ArrayDeque<RequestHead> spareHeads = new ArrayDeque<>();

  private int lastStreamId;
  // The last range of ids a client jumped over: using one later is going backwards.
  private int skippedFrom;
  private int skippedTo;
  private final long maxAgeNanos;
  private final long bornNanos = System.nanoTime();
  private long idleSinceNanos = bornNanos;

  Http2ServerConnection(ConnectionInfo info, ServerCodecContext context) {
    this.info = info;
    this.context = context;
    this.fields = new RequestFields(context.limits().request(), context.transparent());
    this.trailers =
        new TrailerFields(
            context.limits().request().trailerBytes(), context.limits().request().headerCount());
    long age = context.limits().connection().maxAgeMillis() * 1_000_000;
    this.maxAgeNanos =
        age <= 0
            ? Long.MAX_VALUE
            : age - age / 10 + ThreadLocalRandom.current().nextLong(age / 5 + 1);
    int headerBytes =
        Math.min(
            context.settings().get().maxRequestHeaderBytes(),
            context.limits().request().headerBytes());
    int[] settings = {
      Http2.SETTINGS_MAX_CONCURRENT_STREAMS,
      context.http2MaxConcurrentStreams(),
      Http2.SETTINGS_INITIAL_WINDOW_SIZE,
      context.limits().http2().streamWindowBytes(),
      Http2.SETTINGS_MAX_HEADER_LIST_SIZE,
      headerBytes,
      Http2.SETTINGS_ENABLE_CONNECT_PROTOCOL,
      1
    };
    this.connection =
        new Http2Connection(
            true,
            info.secure(),
            Http2Limits.of(context.limits()),
            // A block that is only too long when decoded is answered; this much is not even read.
            2 * headerBytes,
            settings,
            this);
  }

  Http2Connection connection() {
    return connection;
  }

  ConnectionInfo info() {
    return info;
  }

  boolean isDraining() {
    return context.drain().isDraining();
  }

  // ---- requests

  @Override
  public void onHeaders(
      int streamId, @Nullable Http2Stream stream, byte[] block, int length, boolean end)
      throws Http2Violation {
    if (stream != null) {
      onTrailers(stream, block, length, end);
      return;
    }
    if (streamId <= lastStreamId || (streamId & 1) == 0) {
      rejectStreamId(streamId, block, length);
      return;
    }
    if (connection.isFinal()) {
      // Begun after our last word on ids; the client repeats it elsewhere.
      decodeAway(block, length);
      return;
    }
    if (streamId > lastStreamId + 2) {
      skippedFrom = lastStreamId + 2;
      skippedTo = streamId - 2;
    }
    lastStreamId = streamId;
    if (connection.streamCount() >= context.http2MaxConcurrentStreams()) {
      decodeAway(block, length);
      throw Http2Violation.stream(streamId, Http2.REFUSED_STREAM, "too_many_streams");
    }
    request(streamId, block, length, end);
  }

  private void rejectStreamId(int streamId, byte[] block, int length) throws Http2Violation {
    decodeAway(block, length);
    if ((streamId & 1) == 0 || (streamId >= skippedFrom && streamId <= skippedTo)) {
      throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "bad_stream_id");
    }
    if (!connection.resets().contains(streamId)) {
      throw Http2Violation.connection(Http2.STREAM_CLOSED, "stream_closed");
    }
  }

  /** Keeps the table in step with a block nobody wants. */
  private void decodeAway(byte[] block, int length) throws Http2Violation {
    trailers.begin();
    connection.decoder().decode(block, 0, length, trailers);
  }

  private void onTrailers(Http2Stream stream, byte[] block, int length, boolean end)
      throws Http2Violation {
    trailers.begin();
    connection.decoder().decode(block, 0, length, trailers);
    if (stream.isRemoteEnded()) {
      throw Http2Violation.stream(stream.id(), Http2.STREAM_CLOSED, "stream_half_closed");
    }
    if (!end) {
      throw Http2Violation.stream(stream.id(), Http2.PROTOCOL_ERROR, "trailers_without_end");
    }
    ((Http2ServerStream) stream.events()).onTrailers(trailers);
  }

  private void request(int streamId, byte[] block, int length, boolean end) throws Http2Violation {
    RequestHead head = spareHeads.size() > KEPT_HEADS ? spareHeads.poll() : null;
    if (head == null) {
      head = new RequestHead();
    } else {
      head.clear();
    }
    head.setVersion(HttpVersion.HTTP_2);
    Settings settings = context.settings().get();
    fields.begin(head, settings, info.local().getPort());
    connection.decoder().decode(block, 0, length, fields);
    String malformed = fields.finish(head, end, true);
    if (malformed != null) {
      context.exchanges().onRejected(info, Rejection.bad(malformed), fields.requestLine());
      throw Http2Violation.stream(streamId, Http2.PROTOCOL_ERROR, malformed);
    }
    Rejection refused = fields.refused();
    String protocol = fields.protocol();
    if (refused == null && protocol != null && !protocol.equalsIgnoreCase(WebSocketUpgrade.TOKEN)) {
      refused = new Rejection(501, "unknown_protocol", false);
    }
    if (refused != null) {
      refuse(streamId, refused, end, settings);
      return;
    }
    if (protocol != null) {
      head.setMethod("GET");
      head.setUpgrade(WebSocketUpgrade.TOKEN);
      head.setBody(false, -1);
      WebSocketUpgrade.addRequestFields(head.headers());
    }
    var exchange =
        new Http2ServerStream(this, streamId, head, fields.contentLength(), protocol != null);
    connection.add(exchange.stream());
    if (end) {
      exchange.stream().remoteEnd();
    } else {
      exchange.stream().markTouched();
    }
    // How fast a body comes is, in the mesh, between client and server.
    boolean timeBody =
        !context.transparent()
            && !end
            && protocol == null
            && !head.isExpectContinue()
            && !isGrpc(head.headers());
    exchange.begin(context.exchanges().onRequest(exchange, end || protocol != null), timeBody);
    exchange.stream().settle();
  }

  private static boolean isGrpc(HeaderBlock fields) {
    int i = fields.indexOf(HeaderName.CONTENT_TYPE);
    return i >= 0 && fields.value(i).startsWith("application/grpc");
  }

  private void refuse(int streamId, Rejection refused, boolean end, Settings settings) {
    context.exchanges().onRejected(info, refused, fields.requestLine());
    connection.writeHeaders(
        streamId,
        encoder -> {
          encoder.status(refused.status());
          if (!settings.serverName().isEmpty()) {
            encoder.field("server", settings.serverName());
          }
          encoder.field("content-length", "0");
        },
        true);
    if (end) {
      connection.requestFlush();
    } else {
      connection.writeReset(streamId, Http2.NO_ERROR);
    }
  }

  // ---- Http2Role

  @Override
  public boolean wasOpened(int streamId) {
    return (streamId & 1) == 1
        && streamId <= lastStreamId
        && !(streamId >= skippedFrom && streamId <= skippedTo);
  }

  @Override
  public int lastPeerStreamId() {
    return lastStreamId;
  }

  @Override
  public void onPeerSettings() {
    // Nothing depends on them beyond what the connection keeps.
  }

  @Override
  public void onGoAway(int lastId, int code) {
    // The client begins no more streams; it closes when it has its answers.
    connection.shutdownNow();
  }

  @Override
  public void onPingAck(long data) {
    // Only the graceful end sends PINGs here, and the connection knows its own.
  }

  @Override
  public void onStreamClosed(Http2Stream stream) {
    if (stream.events() instanceof Http2ServerStream s && spareHeads.size() < 16) {
      spareHeads.add(s.request());
    }
    if (connection.streamCount() == 0) {
      idleSinceNanos = connection.now();
    }
  }

  @Override
  public void onTick(long now) {
    if (now - bornNanos > maxAgeNanos || isDraining()) {
      connection.shutdown();
    }
    connection.forEachStream(
        s -> ((Http2ServerStream) s.events()).checkBody(now, context.limits().request()));
    long idleMillis = context.settings().get().listenerIdleMillis();
    if (connection.streamCount() == 0
        && idleMillis > 0
        && now - idleSinceNanos > idleMillis * 1_000_000) {
      connection.shutdownNow();
    }
  }

  @Override
  public void onViolation(Http2Violation violation) {
    int status = violation.reason().equals("header_timeout") ? 408 : 400;
    context
        .exchanges()
        .onRejected(info, new Rejection(status, violation.reason(), true), "HTTP/2 connection");
  }

  @Override
  public void onException(Throwable cause) {
    LOG.atDebug()
        .addKeyValue("listener", info.listener())
        .addKeyValue("peer", info.peer())
        .setCause(cause)
        .log("HTTP/2 connection failed");
  }

  @Override
  public void onInactive() {
    spareHeads.clear();
  }

  /** Hears the listener's drain event behind the connection's own handler. */
  static final class DrainHandler extends ChannelInboundHandlerAdapter {
    private final Http2Connection connection;

    DrainHandler(Http2Connection connection) {
      this.connection = connection;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ServerCodec.Drain) {
        connection.shutdown();
      } else {
        ctx.fireUserEventTriggered(event);
      }
    }
  }
}
