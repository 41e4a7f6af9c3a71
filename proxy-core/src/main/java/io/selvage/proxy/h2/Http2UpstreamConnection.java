// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.NetUtil;
import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.pool.UpstreamConnection;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client's half of a connection: many attempts at once, as many as the peer allows. A GOAWAY
 * takes the connection out of its pool; attempts above its last id were not processed and may be
 * repeated. While attempts run, a silent peer is probed by PING. Confined to the channel's event
 * loop.
 */
final class Http2UpstreamConnection implements UpstreamConnection, Http2Role {
  // A head is not reused within the call that ended its exchange, nor by the few next ones.
  private static final int KEPT_HEADS = 2;
  private static final Logger LOG = LoggerFactory.getLogger(Http2UpstreamConnection.class);

  /** Streams at once where the peer names no limit, or has not spoken yet (its usual minimum). */
  private static final int DEFAULT_STREAMS = 100;

  private static final int MAX_STREAMS = 1000;

  private final Listener listener;
  private final Http2Limits limits;
  private final Http2Connection connection;
  private final ResponseFields responseFields;
  private final TrailerFields trailerFields;
  private final boolean secure;
  private final String remoteAddress;
  private final int maxInterims;

  // Attempts that were begun and have sent no head yet.
  private final Set<Http2UpstreamStream> unsent = new HashSet<>();
  private final List<Runnable> awaitingSettings = new ArrayList<>(0);
  private final ArrayDeque<ResponseHead> spareHeads = new ArrayDeque<>();
  private int nextStreamId = 1;
  private boolean sawSettings;
  private boolean goneAway;
  private boolean unusable;
  private boolean closed;
  private long pingSentNanos;
  private boolean pinging;
  private long pings;

  private Http2UpstreamConnection(
      Channel channel, Limits limits, Http2Limits http2Limits, Listener listener) {
    this.listener = listener;
    this.limits = http2Limits;
    this.maxInterims = limits.exchange().interimResponses();
    this.secure = channel.pipeline().get(SslHandler.class) != null;
    this.remoteAddress =
        channel.remoteAddress() instanceof InetSocketAddress a
            ? NetUtil.toSocketAddressString(a)
            : String.valueOf(channel.remoteAddress());
    this.responseFields = new ResponseFields(limits.upstream());
    this.trailerFields =
        new TrailerFields(limits.upstream().headerBytes(), limits.upstream().headerCount());
    int[] settings = {
      Http2.SETTINGS_ENABLE_PUSH,
      0,
      Http2.SETTINGS_INITIAL_WINDOW_SIZE,
      limits.http2().streamWindowBytes(),
      Http2.SETTINGS_MAX_HEADER_LIST_SIZE,
      limits.upstream().headerBytes()
    };
    this.connection =
        new Http2Connection(
            false, secure, this.limits, 2 * limits.upstream().headerBytes(), settings, this);
  }

  /** Puts the connection's handler at the end of the pipeline. */
  static Http2UpstreamConnection install(
      Channel channel, Limits limits, Http2Limits http2Limits, Listener listener) {
    var upstream = new Http2UpstreamConnection(channel, limits, http2Limits, listener);
    channel.pipeline().addLast(upstream.connection);
    return upstream;
  }

  Http2Connection connection() {
    return connection;
  }

  int maxInterims() {
    return maxInterims;
  }

  boolean isSecure() {
    return secure;
  }

  String remoteAddress() {
    return remoteAddress;
  }

  // ---- UpstreamConnection

  @Override
  public int available() {
    if (unusable || !connection.isUsable()) {
      return 0;
    }
    int allowed =
        sawSettings ? Math.min(connection.peer().maxStreams(), MAX_STREAMS) : DEFAULT_STREAMS;
    return Math.max(0, allowed - active());
  }

  @Override
  public int active() {
    return connection.streamCount() + unsent.size();
  }

  @Override
  public void begin(ResponseSink sink) {
    ResponseHead head = spareHeads.size() > KEPT_HEADS ? spareHeads.poll() : null;
    var stream = new Http2UpstreamStream(this, head == null ? new ResponseHead() : head, sink);
    unsent.add(stream);
    sink.onStream(stream);
  }

  @Override
  public void retire() {
    becomeUnusable();
    if (connection.isUsable()) {
      connection.shutdownNow();
    }
  }

  @Override
  public void close() {
    becomeUnusable();
    connection.context().close();
  }

  // ---- what streams ask

  /** The id of a stream whose head is about to be sent, or -1 if no stream may begin any more. */
  int takeStreamId() {
    if (!connection.isUsable() || connection.isFinal() || goneAway || nextStreamId < 0) {
      return -1;
    }
    int id = nextStreamId;
    nextStreamId += 2;
    if (nextStreamId < 0) {
      becomeUnusable();
    }
    return id;
  }

  @Nullable String decodeResponse(
      byte[] block, int length, boolean end, boolean headMethod, ResponseHead into)
      throws Http2Violation {
    responseFields.begin(into);
    connection.decoder().decode(block, 0, length, responseFields);
    return responseFields.finish(into, end, headMethod);
  }

  TrailerFields decodeTrailers(byte[] block, int length) throws Http2Violation {
    trailerFields.begin();
    connection.decoder().decode(block, 0, length, trailerFields);
    return trailerFields;
  }

  boolean hasPeerSettings() {
    return sawSettings;
  }

  /** Runs {@code action} once the peer's first SETTINGS are here; never if they do not come. */
  void afterPeerSettings(Runnable action) {
    awaitingSettings.add(action);
  }

  /** The attempt has got its stream. */
  void onSent(Http2UpstreamStream stream) {
    unsent.remove(stream);
  }

  /** The attempt ended before it got one. */
  void onUnsentEnd(Http2UpstreamStream stream) {
    if (unsent.remove(stream)) {
      onEnd(stream);
    }
  }

  private void onEnd(Http2UpstreamStream stream) {
    if (spareHeads.size() < 16) {
      spareHeads.add(stream.response());
    }
    if (!unusable) {
      listener.onAvailable(this);
    }
  }

  private void becomeUnusable() {
    if (!unusable) {
      unusable = true;
      if (!closed) {
        listener.onUnusable(this);
      }
    }
  }

  // ---- Http2Role

  @Override
  public void onHeaders(
      int streamId, @Nullable Http2Stream stream, byte[] block, int length, boolean end)
      throws Http2Violation {
    if (stream != null) {
      // A head alone must be flushed to the client too: the body may take its time.
      stream.markTouched();
      ((Http2UpstreamStream) stream.events()).onHeaders(block, length, end);
      return;
    }
    decodeTrailers(block, length);
    connection.requireKnownReset(streamId, null);
  }

  @Override
  public boolean wasOpened(int streamId) {
    return (streamId & 1) == 1 && (streamId < nextStreamId || nextStreamId < 0);
  }

  @Override
  public int lastPeerStreamId() {
    return 0; // servers push nothing to us
  }

  @Override
  public void onPeerSettings() {
    boolean first = !sawSettings;
    sawSettings = true;
    if (first) {
      List.copyOf(awaitingSettings).forEach(Runnable::run);
      awaitingSettings.clear();
    }
    if (!unusable && (!first || available() > 0)) {
      listener.onAvailable(this);
    }
  }

  @Override
  public void onGoAway(int lastStreamId, int code) {
    goneAway = true;
    becomeUnusable();
    connection.killAbove(lastStreamId);
    for (Http2UpstreamStream s : new ArrayList<>(unsent)) {
      s.failUnsent();
    }
    if (connection.isUsable()) {
      connection.shutdownNow();
    }
  }

  @Override
  public void onPingAck(long data) {
    if (data == pings) {
      pinging = false;
    }
  }

  @Override
  public void onStreamClosed(Http2Stream stream) {
    onEnd((Http2UpstreamStream) stream.events());
  }

  @Override
  public void onTick(long now) {
    if (pinging) {
      if (connection.lastReadNanos() - pingSentNanos > 0) {
        // Any sign of life will do.
        pinging = false;
      } else if (now - pingSentNanos > limits.pingTimeout().toNanos()) {
        becomeUnusable();
        connection.context().close();
        return;
      }
    }
    if (!pinging
        && connection.streamCount() > 0
        && now - connection.lastReadNanos() > limits.pingInterval().toNanos()) {
      pinging = true;
      pingSentNanos = now;
      pings++;
      connection.writer().ping(pings, false);
      connection.requestFlush();
    }
  }

  @Override
  public void onViolation(Http2Violation violation) {
    becomeUnusable();
    LOG.atDebug()
        .addKeyValue("endpoint", remoteAddress)
        .addKeyValue("reason", violation.reason())
        .log("HTTP/2 endpoint broke the protocol");
  }

  @Override
  public void onException(Throwable cause) {
    LOG.atDebug()
        .addKeyValue("endpoint", remoteAddress)
        .setCause(cause)
        .log("HTTP/2 upstream connection failed");
  }

  @Override
  public void onInactive() {
    for (Http2UpstreamStream s : new ArrayList<>(unsent)) {
      s.failUnsent();
    }
    unusable = true;
    if (!closed) {
      closed = true;
      listener.onClosed(this);
    }
  }
}
