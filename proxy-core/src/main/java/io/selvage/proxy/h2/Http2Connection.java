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
final class Http2Connection extends ChannelInboundHandlerAdapter {
  /** How often timers are looked at; they are seconds to minutes. */
  private static final long TICK_MILLIS = 1_000;

  private static final long GRACEFUL_PING = 0x5e1f_a9e0_d7a1_0001L;

  private final boolean server;
  private final boolean secure;
  private final Http2Limits limits;
  private final Http2Role role;
  private final FrameReader reader;
  private final FloodGuard flood;
  private final HpackDecoder decoder = new HpackDecoder();
  private final HpackEncoder encoder = new HpackEncoder();
  private final PeerSettings peer;
  private final SendSchedule schedule;
  private final ResetHistory resets = new ResetHistory();
  private final StallWatch socketWatch;
  private final StallWatch frameWatch;
  private final int[] settings;

  private @Nullable ChannelHandlerContext ctx;
  private @Nullable FrameWriter writer;
  private @Nullable ByteBuf rest;
  private @Nullable ScheduledFuture<?> ticker;
  private long now;
  private long lastReadNanos;

  private final IntObjectHashMap<Http2Stream> streams = new IntObjectHashMap<>();
  private final ArrayList<Http2Stream> touched = new ArrayList<>();

  private int receiveWindow;
  private int consumed;

  private long settingsSentNanos;
  private boolean settingsAcked;
  private boolean inRead;
  private boolean flushWanted;
  private boolean flushScheduled;
  private boolean dead;
  private boolean inactive;

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
    this.flood = new FloodGuard(limits, server);
    this.peer = new PeerSettings(!server);
    this.schedule = new SendSchedule(this, limits.connectionQueue());
    this.socketWatch = new StallWatch(limits.writeStall());
    this.frameWatch = new StallWatch(limits.frameTimeout());
    this.reader =
        new FrameReader(
            new FrameDispatch(this, role), server, limits.maxContinuations(), maxBlockBytes);
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

  /** nanoTime of the current read loop or tick. */
  long now() {
    return now;
  }

  /** nanoTime at which bytes last arrived. */
  long lastReadNanos() {
    return lastReadNanos;
  }

  PeerSettings peer() {
    return peer;
  }

  SendSchedule schedule() {
    return schedule;
  }

  ResetHistory resets() {
    return resets;
  }

  HpackEncoder encoder() {
    return encoder;
  }

  @Nullable Http2Stream stream(int streamId) {
    return streams.get(streamId);
  }

  int streamCount() {
    return streams.size();
  }

  /** False once the connection is over for good. */
  boolean isUsable() {
    return !dead && !inactive;
  }

  boolean isChannelWritable() {
    return context().channel().isWritable();
  }

  /** True once streams that begin from now on are no longer taken. */
  boolean isFinal() {
    return shutdown == Shutdown.FINAL;
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

  /** Those that are open; must not be changed while they are walked. */
  Iterable<Http2Stream> streams() {
    return streams.values();
  }

  /** Calls for each stream that is open now; streams may end meanwhile. */
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
    flood.onWork(0);
  }

  void writeData(int streamId, ByteBuf data, int length, boolean end) {
    schedule.use(length);
    writer().data(streamId, data, length, end);
    flood.onWork(length);
  }

  void writeEmptyEnd(int streamId) {
    writer().data(streamId, Unpooled.EMPTY_BUFFER, 0, true);
  }

  void writeReset(int streamId, int code) {
    if (!isUsable()) {
      return;
    }
    resets.add(streamId);
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

  // ---- receiving

  /**
   * Bytes of DATA have come, padding included.
   *
   * @return false if the peer had no right to send them
   */
  boolean received(int bytes) {
    receiveWindow -= bytes;
    return receiveWindow >= 0;
  }

  /** DATA or HEADERS for a stream that takes none: harmless only if we reset it ourselves. */
  void requireKnownReset(int streamId, @Nullable Http2Stream stream) throws Http2Violation {
    if (stream != null) {
      throw Http2Violation.stream(streamId, Http2.STREAM_CLOSED, "stream_half_closed");
    }
    if (!role.wasOpened(streamId)) {
      throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "stream_idle");
    }
    if (!resets.contains(streamId)) {
      throw Http2Violation.connection(Http2.STREAM_CLOSED, "stream_closed");
    }
  }

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

  /** True if the PING was ours and its answer has done its work. */
  boolean takesPing(long data) {
    if (data != GRACEFUL_PING || shutdown != Shutdown.ANNOUNCED) {
      return false;
    }
    finalGoAway();
    return true;
  }

  void onSettingsAcked() {
    settingsAcked = true;
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
    flushAndClose();
  }

  private void flushAndClose() {
    writer().flush();
    context()
        .channel()
        .eventLoop()
        .schedule(this::closeNow, limits.linger().toMillis(), TimeUnit.MILLISECONDS);
    context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> halfClose());
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
    killStreams(open, violation.code());
    flushAndClose();
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
    long unwritten = context().channel().bytesBeforeWritable();
    if (socketWatch.isStalled(unwritten > 0, unwritten, now)) {
      // A peer that takes nothing from its socket holds what we wrote: it is cut off.
      closeNow();
      return;
    }
    boolean inPreface = lastReadNanos != 0 && !reader.isEstablished();
    boolean inFrame = rest != null || reader.isInHeaderBlock() || inPreface;
    if (frameWatch.isStalled(inFrame, reader.progress(), now)) {
      fail(Http2Violation.connection(Http2.ENHANCE_YOUR_CALM, "header_timeout"));
      return;
    }
    if (!schedule.isEmpty()) {
      forEachStream(this::resetIfStalled);
    }
    role.onTick(now);
  }

  private void resetIfStalled(Http2Stream s) {
    if (s.queued() > 0 && now - s.progressNanos() > limits.writeStall().toNanos()) {
      writeReset(s.id(), Http2.CANCEL);
      s.die(Http2.CANCEL, StreamEvents.Cause.STALLED);
    }
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
    boolean whole = false;
    try {
      reader.read(all);
      whole = true;
    } catch (Http2Violation v) {
      fail(v);
    } finally {
      if (whole && all.isReadable() && isUsable()) {
        rest = all;
      } else {
        all.release();
      }
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
      schedule.pump();
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
