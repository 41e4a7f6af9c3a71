// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection (RFC 9113), either end: frames, settings, windows, the order in which
 * streams may write, GOAWAY and the bounds on what the peer can make us do. What a header block
 * means is left to the {@link Http2Role}. Confined to the channel's event loop.
 *
 * <p>Writes gather in one buffer. It is flushed at the end of this channel's read loop, or, when
 * written to from another channel's, at the end of the loop's iteration: the responses of many
 * upstream connections share a flush.
 */
final class Http2Connection extends ChannelInboundHandlerAdapter implements FrameSink {
  /** How often timers are looked at; they are seconds to minutes. */
  private static final long TICK_MILLIS = 1_000;

  private static final long GRACEFUL_PING = 0x5e1f_a9e0_d7a1_0001L;
  private static final int KNOWN_RESETS = 1024;

  private final boolean server;
  private final boolean secure;
  private final Http2Limits limits;
  private final Http2Role role;
  private final FrameReader reader;
  private final FloodGuard flood;
  private final HpackDecoder decoder = new HpackDecoder();
  private final HpackEncoder encoder = new HpackEncoder();
  private final int[] settings;

  private @Nullable ChannelHandlerContext ctx;
  private @Nullable FrameWriter writer;
  private @Nullable ByteBuf rest;
  private @Nullable ScheduledFuture<?> ticker;
  private long now;
  private long lastReadNanos;

  private final IntObjectHashMap<Http2Stream> streams = new IntObjectHashMap<>();
  private final ArrayDeque<Http2Stream> ready = new ArrayDeque<>();
  private final ArrayList<Http2Stream> touched = new ArrayList<>();

  // Streams we reset while the peer may still have been sending on them; oldest overwritten.
  private int @Nullable [] resetIds;
  private int resetCount;

  private int receiveWindow;
  private int consumed;
  private int sendWindow = Http2.DEFAULT_WINDOW;
  private int peerInitialWindow = Http2.DEFAULT_WINDOW;
  private int peerMaxStreams = Integer.MAX_VALUE;
  private boolean peerConnectProtocol;
  private long queuedBytes;
  private boolean queueWasFull;

  private long settingsSentNanos;
  private boolean settingsAcked;
  private boolean inRead;
  private boolean flushWanted;
  private boolean flushScheduled;
  private boolean pumping;
  private boolean dead;
  private boolean inactive;

  private long bytesBeforeWritable;
  private long socketProgressNanos;
  private long lastProgress;
  private long frameProgressNanos;

  private Shutdown shutdown = Shutdown.NONE;

  /** Stages of a graceful end. */
  private enum Shutdown {
    NONE,
    /** GOAWAY with the highest id and a PING are out: streams on their way are still taken. */
    ANNOUNCED,
    /** GOAWAY with the last id is out: the connection closes when its streams have ended. */
    FINAL
  }

  /**
   * @param server whether the peer is the client
   * @param secure whether TLS stands before this handler
   * @param maxBlockBytes most compressed bytes of one header block
   * @param settings what we announce, as pairs of identifier and value
   */
  Http2Connection(
      boolean server,
      boolean secure,
      Http2Limits limits,
      int maxBlockBytes,
      int[] settings,
      Http2Role role) {
    this.server = server;
    this.secure = secure;
    this.limits = limits;
    this.settings = settings.clone();
    this.role = role;
    this.reader = new FrameReader(this, server, limits.maxContinuations(), maxBlockBytes);
    this.flood = new FloodGuard(limits);
    this.receiveWindow = limits.connectionWindow();
  }

  // ---- what roles and streams ask

  Http2Limits limits() {
    return limits;
  }

  FrameWriter writer() {
    return requireNonNull(writer, "not active yet");
  }

  ChannelHandlerContext context() {
    return requireNonNull(ctx, "not added yet");
  }

  FloodGuard flood() {
    return flood;
  }

  HpackDecoder decoder() {
    return decoder;
  }

  FrameReader reader() {
    return reader;
  }

  /** nanoTime of the current read loop or tick. */
  long now() {
    return now;
  }

  /** nanoTime at which bytes last arrived. */
  long lastReadNanos() {
    return lastReadNanos;
  }

  int streamCount() {
    return streams.size();
  }

  int peerInitialWindow() {
    return peerInitialWindow;
  }

  int peerMaxStreams() {
    return peerMaxStreams;
  }

  /** The peer takes extended CONNECT (RFC 8441). */
  boolean isPeerConnectProtocol() {
    return peerConnectProtocol;
  }

  int sendWindow() {
    return sendWindow;
  }

  /** False once the connection is over for good. */
  boolean isUsable() {
    return !dead && !inactive;
  }

  boolean isShuttingDown() {
    return shutdown != Shutdown.NONE;
  }

  /** True once streams that begin from now on are no longer taken. */
  boolean isFinal() {
    return shutdown == Shutdown.FINAL;
  }

  boolean maySendNow() {
    return ready.isEmpty() && !pumping && context().channel().isWritable();
  }

  boolean isQueueFull() {
    boolean full = queuedBytes >= limits.connectionQueue();
    queueWasFull |= full;
    return full;
  }

  void add(Http2Stream stream) {
    streams.put(stream.id(), stream);
  }

  void remove(Http2Stream stream) {
    streams.remove(stream.id());
    role.onStreamClosed(stream);
    if (streams.isEmpty() && shutdown == Shutdown.FINAL) {
      closeAfterFlush();
    }
  }

  /** Calls for each stream that is open now. */
  void forEachStream(Consumer<Http2Stream> action) {
    if (!streams.isEmpty()) {
      new ArrayList<>(streams.values()).forEach(action);
    }
  }

  void touched(Http2Stream stream) {
    touched.add(stream);
  }

  // ---- writing

  void writeHeaders(int streamId, Http2Stream.HeaderWriter headers, boolean end) {
    encoder.begin();
    headers.encode(encoder);
    writer().headers(streamId, encoder.array(), encoder.length(), end);
    flood.onWork();
  }

  void writeData(int streamId, ByteBuf data, int length, boolean end) {
    sendWindow -= length;
    writer().data(streamId, data, length, end);
    flood.onWork();
  }

  void writeEmptyEnd(int streamId) {
    writer().data(streamId, Unpooled.EMPTY_BUFFER, 0, true);
  }

  void writeReset(int streamId, int code) {
    if (!isUsable()) {
      return;
    }
    int[] ids = resetIds;
    if (ids == null) {
      ids = new int[KNOWN_RESETS];
      resetIds = ids;
    }
    ids[resetCount++ % KNOWN_RESETS] = streamId;
    writer().reset(streamId, code);
    requestFlush();
  }

  /** Writes leave soon: at the end of this read loop or of the event loop's iteration. */
  void requestFlush() {
    if (inRead) {
      flushWanted = true;
    } else if (!flushScheduled && isUsable()) {
      flushScheduled = true;
      context().channel().eventLoop().execute(this::flushNow);
    }
  }

  private void flushNow() {
    flushScheduled = false;
    flushWanted = false;
    if (!inactive) {
      writer().flush();
    }
  }

  void onQueued(int bytes) {
    queuedBytes += bytes;
  }

  void onDequeued(int bytes) {
    queuedBytes -= bytes;
  }

  /** The stream has queued data; it is served in turn. */
  void ready(Http2Stream stream) {
    if (!stream.isInReadyList() && stream.canSend()) {
      stream.setInReadyList(true);
      ready.add(stream);
    }
  }

  /**
   * Lets queued streams write, one frame each in turn. Senders are told afterwards, never within:
   * what they write then must find the queues in order.
   */
  private void pump() {
    if (pumping || ready.isEmpty()) {
      return;
    }
    pumping = true;
    ArrayList<Http2Stream> relieved = new ArrayList<>();
    while (!ready.isEmpty() && sendWindow > 0 && context().channel().isWritable()) {
      Http2Stream s = ready.remove();
      s.setInReadyList(false);
      if (!s.canSend()) {
        continue;
      }
      s.pump(now);
      ready(s);
      relieved.add(s);
    }
    pumping = false;
    requestFlush();
    relieve(relieved);
  }

  private void relieve(Iterable<Http2Stream> candidates) {
    for (Http2Stream s : candidates) {
      if (!s.isClosed() && s.relieve()) {
        s.events().onWritable(true);
      }
    }
    if (queueWasFull && queuedBytes < limits.connectionQueue() / 2) {
      queueWasFull = false;
      relieve(new ArrayList<>(streams.values()));
    }
  }

  // ---- receiving: windows

  /** Bytes that were received and need no room any more. */
  void consumed(int bytes) {
    consumed += bytes;
    if (consumed >= limits.connectionWindow() / 2 && isUsable()) {
      writer().windowUpdate(0, consumed);
      receiveWindow += consumed;
      consumed = 0;
      requestFlush();
    }
  }

  // ---- FrameSink

  @Override
  public void onData(int streamId, ByteBuf data, int padding, boolean end) throws Http2Violation {
    int bytes = data.readableBytes() + padding;
    Http2Stream stream = streams.get(streamId);
    boolean owned = true;
    try {
      flood.onData(!data.isReadable() && !end);
      if (bytes > receiveWindow) {
        throw Http2Violation.connection(Http2.FLOW_CONTROL_ERROR, "connection_window_exceeded");
      }
      receiveWindow -= bytes;
      if (stream == null || stream.isRemoteEnded()) {
        consumed(bytes);
        requireKnownReset(streamId, stream);
        return;
      }
      if (bytes > 0) {
        flood.onWork();
      }
      owned = false;
      stream.receive(data, padding, end);
    } finally {
      if (owned) {
        data.release();
      }
    }
  }

  /** DATA or HEADERS for a stream that takes none: harmless only if we reset it ourselves. */
  void requireKnownReset(int streamId, @Nullable Http2Stream stream) throws Http2Violation {
    if (stream != null) {
      throw Http2Violation.stream(streamId, Http2.STREAM_CLOSED, "stream_half_closed");
    }
    if (!role.wasOpened(streamId)) {
      throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "stream_idle");
    }
    if (!wasReset(streamId)) {
      throw Http2Violation.connection(Http2.STREAM_CLOSED, "stream_closed");
    }
  }

  boolean wasReset(int streamId) {
    int[] ids = resetIds;
    if (ids != null) {
      for (int i = Math.min(resetCount, KNOWN_RESETS) - 1; i >= 0; i--) {
        if (ids[i] == streamId) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public void onHeaders(int streamId, byte[] block, int length, boolean end) throws Http2Violation {
    flood.onWork();
    role.onHeaders(streamId, streams.get(streamId), block, length, end);
  }

  @Override
  public void onIgnorable(int type) throws Http2Violation {
    flood.onControl(now);
  }

  @Override
  public void onReset(int streamId, int code) throws Http2Violation {
    flood.onReset(now);
    Http2Stream stream = streams.get(streamId);
    if (stream == null) {
      if (!role.wasOpened(streamId)) {
        throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "stream_idle");
      }
      return;
    }
    stream.die(code, StreamEvents.Cause.PEER_RESET);
  }

  @Override
  public void onSetting(int id, long value) throws Http2Violation {
    switch (id) {
      case Http2.SETTINGS_HEADER_TABLE_SIZE -> encoder.setPeerTableSize(value);
      case Http2.SETTINGS_ENABLE_PUSH -> {
        if (value > 1 || (!server && value != 0)) {
          throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "bad_enable_push");
        }
      }
      case Http2.SETTINGS_MAX_CONCURRENT_STREAMS ->
          peerMaxStreams = (int) Math.min(value, Integer.MAX_VALUE);
      case Http2.SETTINGS_INITIAL_WINDOW_SIZE -> setPeerInitialWindow(value);
      case Http2.SETTINGS_MAX_FRAME_SIZE -> {
        // We never send more than the 16,384 bytes that are always allowed.
        if (value < Http2.MAX_FRAME || value > 0xff_ffff) {
          throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "bad_max_frame_size");
        }
      }
      case Http2.SETTINGS_ENABLE_CONNECT_PROTOCOL -> {
        if (value > 1) {
          throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "bad_connect_protocol");
        }
        peerConnectProtocol = value == 1;
      }
      default -> {
        // Unknown settings are ignored (RFC 9113 section 6.5.2).
      }
    }
  }

  private void setPeerInitialWindow(long value) throws Http2Violation {
    if (value > Http2.MAX_WINDOW) {
      throw Http2Violation.connection(Http2.FLOW_CONTROL_ERROR, "bad_initial_window");
    }
    long delta = value - peerInitialWindow;
    peerInitialWindow = (int) value;
    for (Http2Stream s : streams.values()) {
      if (!s.adjustSendWindow(delta)) {
        throw Http2Violation.connection(Http2.FLOW_CONTROL_ERROR, "window_overflow");
      }
      ready(s);
    }
  }

  @Override
  public void onSettingsEnd() throws Http2Violation {
    flood.onControl(now);
    writer().settingsAck();
    flushWanted = true;
    role.onPeerSettings();
    pump();
  }

  @Override
  public void onSettingsAck() throws Http2Violation {
    flood.onControl(now);
    settingsAcked = true;
  }

  @Override
  public void onPing(long data, boolean ack) throws Http2Violation {
    flood.onPing(now);
    if (!ack) {
      writer().ping(data, true);
      flushWanted = true;
    } else if (data == GRACEFUL_PING && shutdown == Shutdown.ANNOUNCED) {
      finalGoAway();
    } else {
      role.onPingAck(data);
    }
  }

  @Override
  public void onGoAway(int lastStreamId, int code) throws Http2Violation {
    flood.onControl(now);
    role.onGoAway(lastStreamId, code);
  }

  @Override
  public void onWindowUpdate(int streamId, int increment) throws Http2Violation {
    flood.onWindowUpdate();
    if (streamId == 0) {
      if ((long) sendWindow + increment > Http2.MAX_WINDOW) {
        throw Http2Violation.connection(Http2.FLOW_CONTROL_ERROR, "window_overflow");
      }
      sendWindow += increment;
      pump();
      return;
    }
    Http2Stream stream = streams.get(streamId);
    if (stream == null) {
      if (!role.wasOpened(streamId)) {
        throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "stream_idle");
      }
      return;
    }
    if (!stream.adjustSendWindow(increment)) {
      throw Http2Violation.stream(streamId, Http2.FLOW_CONTROL_ERROR, "window_overflow");
    }
    ready(stream);
    pump();
  }

  @Override
  public void onStreamViolation(Http2Violation violation) throws Http2Violation {
    int id = violation.streamId();
    Http2Stream stream = streams.get(id);
    if (stream == null && !role.wasOpened(id)) {
      // RST_STREAM must not be sent for an idle stream.
      throw Http2Violation.connection(violation.code(), violation.reason());
    }
    flood.onReset(now);
    if (stream == null) {
      writeReset(id, violation.code());
    } else {
      writeReset(id, violation.code());
      stream.die(violation.code(), StreamEvents.Cause.VIOLATION);
    }
  }

  // ---- ending

  /** Announces the end: GOAWAY now, again with the last id after a round trip, then close. */
  void shutdown() {
    if (shutdown != Shutdown.NONE || !isUsable() || writer == null) {
      return;
    }
    shutdown = Shutdown.ANNOUNCED;
    writer().goAway(Http2.MAX_WINDOW, Http2.NO_ERROR);
    writer().ping(GRACEFUL_PING, false);
    requestFlush();
    // A peer that never answers the PING does not hold us up.
    context().channel().eventLoop().schedule(this::finalGoAway, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void finalGoAway() {
    if (shutdown == Shutdown.FINAL || !isUsable()) {
      return;
    }
    shutdown = Shutdown.FINAL;
    writer().goAway(role.lastPeerStreamId(), Http2.NO_ERROR);
    if (streams.isEmpty()) {
      closeAfterFlush();
    } else {
      requestFlush();
    }
  }

  /** GOAWAY with what was processed so far, then close when nothing is open any more. */
  void shutdownNow() {
    if (shutdown == Shutdown.NONE) {
      shutdown = Shutdown.ANNOUNCED;
    }
    finalGoAway();
  }

  private void closeAfterFlush() {
    if (dead || inactive) {
      return;
    }
    dead = true;
    reader.stop();
    writer().flush();
    context().channel().eventLoop().schedule(this::closeNow, limits.linger().toMillis(), TimeUnit.MILLISECONDS);
    context().channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> halfClose());
  }

  /** The peer sees our last frames and then the end, even if it is still sending. */
  private void halfClose() {
    SslHandler tls = context().pipeline().get(SslHandler.class);
    if (tls != null) {
      tls.closeOutbound();
    } else if (context().channel() instanceof DuplexChannel duplex) {
      duplex.shutdownOutput();
    } else {
      closeNow();
    }
  }

  private void closeNow() {
    context().close();
  }

  /** GOAWAY with an error; streams die at once. */
  void fail(Http2Violation violation) {
    if (!isUsable()) {
      return;
    }
    role.onViolation(violation);
    writer().goAway(role.lastPeerStreamId(), violation.code());
    ArrayList<Http2Stream> open = new ArrayList<>(streams.values());
    dead = true;
    reader.stop();
    writer().flush();
    killStreams(open, violation.code());
    context().channel().eventLoop().schedule(this::closeNow, limits.linger().toMillis(), TimeUnit.MILLISECONDS);
    context().channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> halfClose());
  }

  private static void killStreams(Iterable<Http2Stream> open, int code) {
    for (Http2Stream s : open) {
      s.die(code, StreamEvents.Cause.CONNECTION);
    }
  }

  /** Ends the streams above {@code lastStreamId}, which the peer says it will not process. */
  void killAbove(int lastStreamId) {
    for (Http2Stream s : new ArrayList<>(streams.values())) {
      if (s.id() > lastStreamId) {
        s.die(Http2.REFUSED_STREAM, StreamEvents.Cause.NOT_PROCESSED);
      }
    }
  }

  // ---- timers

  private void tick() {
    if (!isUsable()) {
      return;
    }
    now = System.nanoTime();
    if (!settingsAcked && now - settingsSentNanos > limits.settingsAck().toNanos()) {
      fail(Http2Violation.connection(Http2.SETTINGS_TIMEOUT, "settings_timeout"));
      return;
    }
    if (isSocketStalled() || isFrameStalled()) {
      return;
    }
    if (queuedBytes > 0) {
      for (Http2Stream s : new ArrayList<>(streams.values())) {
        if (s.queued() > 0 && now - s.progressNanos() > limits.writeStall().toNanos()) {
          writeReset(s.id(), Http2.CANCEL);
          s.die(Http2.CANCEL, StreamEvents.Cause.STALLED);
        }
      }
    }
    role.onTick(now);
  }

  /** A peer that takes nothing from its socket holds what we wrote: it is cut off. */
  private boolean isSocketStalled() {
    long left = context().channel().bytesBeforeWritable();
    if (left == 0 || left != bytesBeforeWritable) {
      bytesBeforeWritable = left;
      socketProgressNanos = now;
      return false;
    }
    if (now - socketProgressNanos <= limits.writeStall().toNanos()) {
      return false;
    }
    closeNow();
    return true;
  }

  /** The preface, a frame or a header block that does not come to its end. */
  private boolean isFrameStalled() {
    boolean partial = rest != null || reader.isInHeaderBlock();
    if (!partial || reader.progress() != lastProgress) {
      lastProgress = reader.progress();
      frameProgressNanos = now;
      return false;
    }
    if (now - frameProgressNanos <= limits.frameTimeout().toNanos()) {
      return false;
    }
    fail(Http2Violation.connection(Http2.ENHANCE_YOUR_CALM, "header_timeout"));
    return true;
  }

  // ---- channel

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    writer = new FrameWriter(context, secure);
    context
        .channel()
        .config()
        .setWriteBufferWaterMark(new WriteBufferWaterMark(limits.queueLow(), limits.queueHigh()));
    if (context.channel().isActive()) {
      start();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    start();
    context.fireChannelActive();
  }

  private void start() {
    if (settingsSentNanos != 0) {
      return;
    }
    now = System.nanoTime();
    settingsSentNanos = now;
    if (!server) {
      writer().preface();
    }
    writer().settings(settings);
    int more = limits.connectionWindow() - Http2.DEFAULT_WINDOW;
    if (more > 0) {
      writer().windowUpdate(0, more);
    }
    requestFlush();
    ticker =
        context()
            .channel()
            .eventLoop()
            .scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object msg) {
    if (!(msg instanceof ByteBuf in) || !isUsable()) {
      ReferenceCountUtil.release(msg);
      return;
    }
    if (!inRead) {
      inRead = true;
      now = System.nanoTime();
      lastReadNanos = now;
    }
    ByteBuf all = join(in);
    try {
      reader.read(all);
    } catch (Http2Violation v) {
      fail(v);
    }
    if (all.isReadable() && isUsable()) {
      rest = all;
    } else {
      all.release();
    }
  }

  /** Puts new bytes behind those of an unfinished frame, in room for the whole frame. */
  private ByteBuf join(ByteBuf in) {
    ByteBuf before = rest;
    if (before == null) {
      return in;
    }
    rest = null;
    int more = in.readableBytes();
    if (before.refCnt() == 1 && before.maxFastWritableBytes() >= more && !before.isReadOnly()) {
      before.writeBytes(in);
      in.release();
      return before;
    }
    int size = Math.max(before.readableBytes() + more, reader.wanted(before));
    ByteBuf joined = in.alloc().directBuffer(Math.min(size, 64 * 1024 + more));
    joined.writeBytes(before).writeBytes(in);
    before.release();
    in.release();
    return joined;
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    for (int i = 0; i < touched.size(); i++) {
      touched.get(i).readComplete();
    }
    touched.clear();
    inRead = false;
    if (flushWanted && isUsable()) {
      flushNow();
    }
    context.fireChannelReadComplete();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    boolean writable = context.channel().isWritable();
    if (server) {
      // A client that does not take its responses gets no further requests in: what it can make us
      // hold stays bounded. A client role must go on reading, or both ends would wait.
      context.channel().config().setAutoRead(writable);
    }
    if (writable && isUsable()) {
      pump();
    }
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    end();
    context.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    end();
  }

  private void end() {
    if (inactive) {
      return;
    }
    inactive = true;
    reader.stop();
    if (ticker != null) {
      ticker.cancel(false);
    }
    if (rest != null) {
      rest.release();
      rest = null;
    }
    killStreams(new ArrayList<>(streams.values()), Http2.CANCEL);
    writer().release();
    role.onInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A broken socket or TLS record; a bug of ours would end the connection all the same.
    role.onException(cause);
    context.close();
  }
}
