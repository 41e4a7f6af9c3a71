// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.selvage.model.routing.Settings;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.exchange.DownstreamStream;
import io.selvage.proxy.exchange.RequestSink;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HopByHop;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.listener.ServerCodec;
import io.selvage.proxy.listener.ServerCodecContext;
import io.selvage.proxy.time.DeadlineWheel;
import io.selvage.proxy.transport.Cut;
import java.io.IOException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's HTTP/1.1 connection: requests are read one after the other, each only once the
 * response before it has been written entirely; bytes that come early are held, bounded by stopping
 * to read. The reading half is this class's state machine, the writing half {@link
 * ResponseWriter}'s.
 *
 * <p>Confined to the channel's event loop.
 */
final class Http1ServerConnection extends ChannelInboundHandlerAdapter implements DownstreamStream {
  private static final Logger log = LoggerFactory.getLogger(Http1ServerConnection.class);

  /** What the next byte from the client is. */
  private enum State {
    /** Part of a head; between requests, the first byte of one. */
    HEAD,
    /** Body of known length. */
    LENGTH,
    CHUNKED,
    TRAILERS,
    /** Of the next request, which has to wait for this response. */
    HELD,
    TUNNEL,
    /** Of no meaning any more: the request's framing broke, or we are closing. Dropped. */
    IGNORED,
    CLOSED
  }

  private final ConnectionInfo info;
  private final ServerCodecContext context;
  private final Limits limits;
  private final RequestHead head = new RequestHead();
  private final RequestHeadReader reader = new RequestHeadReader(head);
  private final RequestFraming framing;
  private final ChunkedDecoder chunks = new ChunkedDecoder();
  private final ArrayDeque<ByteBuf> held = new ArrayDeque<>(2);
  private @Nullable TrailerReader trailers;
  private Settings settings;

  private @Nullable ChannelHandlerContext ctx;
  private @Nullable DeadlineWheel wheel;
  private @Nullable ResponseWriter writer;
  private final ClientDeadline deadline = new ClientDeadline(this);

  private State state = State.HEAD;
  private @Nullable RequestSink sink;
  private long bodyLeft;
  private int heldBytes;
  private boolean responseEnded;
  private boolean reading;
  private boolean paused;
  private boolean closeAsked;
  private boolean resumeScheduled;
  private boolean releasing;

  /** The client takes no more of the tunnel, but what it has said may not all be read yet. */
  private boolean deaf;

  /** The connection broke: what comes after that is no end of a tunnel. */
  private boolean broken;

  /** The client has ended its direction of the tunnel. */
  private boolean tunnelEnded;

  /** The other direction of the tunnel has ended. */
  private boolean outputEnded;

  Http1ServerConnection(ConnectionInfo info, ServerCodecContext context) {
    this.info = info;
    this.context = context;
    this.limits = context.limits();
    this.framing = new RequestFraming(context.transparent());
    this.settings = context.settings().get();
  }

  // ---- Channel events

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    wheel = DeadlineWheel.of(context.channel().eventLoop());
    writer = new ResponseWriter(context);
    Limits.Connection bounds = limits.connection();
    context
        .channel()
        .config()
        .setWriteBufferWaterMark(
            new WriteBufferWaterMark(bounds.bufferLowBytes(), bounds.bufferHighBytes()));
    deadline.start(requireWheel(), limits);
    nextHead();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (!held.isEmpty()) {
      hold(in); // behind what came before
      return;
    }
    reading = true;
    try {
      process(in);
    } finally {
      reading = false;
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    RequestSink current = sink;
    if (current != null) {
      current.onReadComplete();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    RequestSink current = sink;
    if (current != null) {
      current.onWritabilityChanged(context.channel().isWritable());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closed();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    closed();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof IOException)) {
      log.atDebug().addKeyValue("peer", info.peer()).setCause(cause).log("connection failed");
    }
    Cut.Failure failure = state == State.TUNNEL ? Cut.failure(cause) : Cut.Failure.BROKEN;
    switch (failure) {
      case NOTHING -> {}
      case GONE, BROKEN_WRITE -> {
        // What the client has said before is still read, and then its end.
        broken |= failure == Cut.Failure.BROKEN_WRITE;
        deaf = true;
        RequestSink current = sink;
        if (tunnelEnded) {
          context.close(); // there is nothing left to be read: no event would end it
        } else if (current != null) {
          current.onWritabilityChanged(true); // what waits for this client need not wait any more
        }
      }
      case BROKEN -> {
        broken = true;
        context.close();
      }
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ServerCodec.Drain.INSTANCE) {
      closeAsked = true;
      if (isBetweenRequests()) {
        deadline.leaving();
      }
    } else if (event instanceof ChannelInputShutdownEvent) {
      inputEnded(context);
    } else if (event instanceof SslCloseCompletionEvent closed
        && closed.isSuccess()
        && state == State.TUNNEL
        && !outputEnded) {
      // Behind an end of ours TLS can not be read from any more: that is not the client's word.
      endTunnelInput();
    }
    context.fireUserEventTriggered(event);
  }

  private void inputEnded(ChannelHandlerContext context) {
    if (state == State.TUNNEL && sink != null && !broken && !Cut.isTruncated(context.channel())) {
      endTunnelInput();
      if (context.channel() instanceof DuplexChannel socket && socket.isOutputShutdown()) {
        context.close(); // both directions are done
      }
    } else if (state != State.IGNORED || queuedBytes() == 0) {
      context.close();
    }
    // Otherwise what is queued is still sent, and the connection closed behind it.
  }

  private void endTunnelInput() {
    RequestSink current = sink;
    if (current != null && !tunnelEnded) {
      tunnelEnded = true;
      current.onData(Unpooled.EMPTY_BUFFER, true);
      boundLastBytes();
    }
  }

  /** A client that takes nothing does not hold what is queued for it for ever. */
  private void boundLastBytes() {
    if (tunnelEnded && outputEnded && state == State.TUNNEL) {
      deadline.lastBytes();
    }
  }

  /** True if no byte of a request is here that has not been answered. */
  private boolean isBetweenRequests() {
    return state == State.HEAD && !reader.isStarted()
        || state == State.HELD && responseEnded && held.isEmpty();
  }

  // ---- Reading

  private void process(ByteBuf in) {
    while (true) {
      switch (state) {
        case HEAD -> {
          if (!readHead(in)) {
            return;
          }
        }
        case LENGTH -> {
          if (!readLength(in)) {
            return;
          }
        }
        case CHUNKED -> {
          if (!readChunked(in)) {
            return;
          }
        }
        case TRAILERS -> {
          if (!readTrailers(in)) {
            return;
          }
        }
        case HELD -> {
          if (!responseEnded) {
            hold(in);
            return;
          }
          nextHead();
        }
        case TUNNEL -> {
          tunnel(in);
          return;
        }
        case IGNORED, CLOSED -> {
          in.release();
          return;
        }
      }
    }
  }

  private void nextHead() {
    settings = context.settings().get();
    head.clear();
    int fieldBytes = Math.min(settings.maxRequestHeaderBytes(), limits.request().headerBytes());
    reader.reset(
        head.headers(),
        true,
        limits.request().lineBytes(),
        fieldBytes,
        limits.request().headerCount(),
        settings.underscores());
    responseEnded = false;
    paused = false;
    state = State.HEAD;
    deadline.idle(settings.listenerIdleMillis());
  }

  private boolean readHead(ByteBuf in) {
    if (!in.isReadable()) {
      in.release();
      return false;
    }
    boolean first = !reader.isStarted();
    if (!reader.read(in)) {
      if (first) {
        deadline.head();
      }
      in.release();
      return false;
    }
    String error = reader.error();
    Rejection rejection =
        error != null ? rejectionOf(error) : framing.check(head, reader, settings, info.local());
    if (rejection != null) {
      reject(rejection);
      return true;
    }
    begin();
    return true;
  }

  private void begin() {
    boolean end = !head.isBodyExpected();
    requireWriter().begin(head);
    if (end) {
      state = State.HELD;
      deadline.none();
    } else {
      beginBody();
    }
    RequestSink opened = context.exchanges().onRequest(this, end);
    // The exchange may have answered, or even closed the connection, before it returned.
    if (!responseEnded && state != State.CLOSED) {
      sink = opened;
    }
  }

  private void beginBody() {
    if (framing.isChunked()) {
      state = State.CHUNKED;
      chunks.reset(limits.request().chunkLineBytes());
    } else {
      state = State.LENGTH;
      bodyLeft = head.contentLength();
    }
    if (context.transparent()) {
      deadline.none(); // how fast a body comes is between client and server
    } else {
      deadline.body(head.isExpectContinue());
    }
  }

  private boolean readLength(ByteBuf in) {
    int available = in.readableBytes();
    if (available == 0) {
      in.release();
      return false;
    }
    int n = (int) Math.min(bodyLeft, available);
    bodyLeft -= n;
    boolean end = bodyLeft == 0;
    deadline.onBody(n);
    if (end) {
      requestEnded();
    }
    deliver(n == available ? in : in.readRetainedSlice(n), end);
    return n < available;
  }

  private boolean readChunked(ByteBuf in) {
    switch (chunks.next(in)) {
      case MORE -> {
        in.release();
        return false;
      }
      case DATA -> {
        int n = chunks.dataLength();
        deadline.onBody(n);
        deliver(in.readRetainedSlice(n), false);
      }
      case LAST -> {
        if (trailers == null) {
          trailers = new TrailerReader();
        }
        trailers.start(limits.request().trailerBytes(), limits.request().headerCount());
        state = State.TRAILERS;
      }
      case ERROR -> {
        String error = chunks.error();
        malformed(Rejection.bad(error == null ? "bad_chunk" : error));
      }
    }
    return true;
  }

  private boolean readTrailers(ByteBuf in) {
    TrailerReader section = requireNonNull(trailers);
    if (!section.read(in)) {
      in.release();
      return false;
    }
    String error = section.error();
    if (error != null) {
      malformed(rejectionOf(error));
      return true;
    }
    requestEnded();
    HeaderBlock fields = section.fields();
    RequestSink current = sink;
    if (current == null) {
      return true;
    }
    if (fields.count() == 0 || HopByHop.isForbiddenInTrailers(fields)) {
      current.onData(Unpooled.EMPTY_BUFFER, true);
    } else {
      current.onTrailers(fields);
    }
    return true;
  }

  private void deliver(ByteBuf data, boolean end) {
    RequestSink current = sink;
    if (current == null) {
      data.release();
    } else {
      current.onData(data, end);
    }
  }

  private void requestEnded() {
    state = State.HELD;
    deadline.none();
  }

  private void hold(ByteBuf in) {
    if (!in.isReadable()) {
      in.release();
      return;
    }
    heldBytes += in.readableBytes();
    if (releasing) {
      held.addFirst(in); // the rest of what is being released
    } else {
      held.add(in);
    }
    updateReading();
  }

  private void tunnel(ByteBuf in) {
    if (in.isReadable()) {
      deliver(in, false);
    } else {
      in.release();
    }
  }

  private void updateReading() {
    boolean wanted = !paused && heldBytes < limits.connection().bufferLowBytes();
    ChannelHandlerContext channel = requireCtx();
    if (channel.channel().config().isAutoRead() != wanted) {
      channel.channel().config().setAutoRead(wanted);
    }
  }

  /**
   * Goes on with bytes that were held; never from inside a call of the exchange that has just
   * ended.
   */
  private void scheduleResume() {
    if (!held.isEmpty() && !resumeScheduled && !reading) {
      resumeScheduled = true;
      eventLoop().execute(this::resume);
    }
  }

  private void resume() {
    resumeScheduled = false;
    reading = true;
    try {
      releaseHeld();
    } finally {
      reading = false;
    }
    RequestSink current = sink;
    if (current != null) {
      current.onReadComplete();
    }
  }

  private void releaseHeld() {
    releasing = true;
    while (!held.isEmpty() && (state != State.HELD || responseEnded)) {
      ByteBuf in = held.remove();
      heldBytes -= in.readableBytes();
      process(in);
    }
    releasing = false;
    if (state != State.CLOSED) {
      updateReading();
    }
  }

  // ---- Refusing

  private static Rejection rejectionOf(String error) {
    return switch (error) {
      case HeadReader.TOO_LARGE, HeadReader.TOO_MANY -> new Rejection(431, error, true);
      case HeadReader.LINE_TOO_LONG -> new Rejection(414, error, true);
      case RequestHeadReader.BAD_VERSION -> new Rejection(505, error, true);
      default -> Rejection.bad(error);
    };
  }

  /** Refuses what is not a request yet: answers, says so, closes. */
  void reject(Rejection rejection) {
    context.exchanges().onRejected(info, rejection, reader.firstLine());
    state = State.IGNORED;
    requireWriter().refuse(rejection.status(), settings.serverName());
    closeGracefully(true);
  }

  /** The running request's body cannot be believed any more; the exchange answers. */
  void malformed(Rejection rejection) {
    state = State.IGNORED;
    deadline.none();
    RequestSink current = sink;
    if (current != null) {
      current.onMalformed(rejection);
    }
  }

  boolean isPaused() {
    return paused;
  }

  // ---- DownstreamStream

  @Override
  public EventLoop eventLoop() {
    return requireCtx().channel().eventLoop();
  }

  @Override
  public ConnectionInfo connection() {
    return info;
  }

  @Override
  public RequestHead request() {
    return head;
  }

  @Override
  public void sendInformational(ResponseHead interim) {
    if (state == State.CLOSED || head.version() == HttpVersion.HTTP_1_0) {
      return;
    }
    if (interim.status() == 100) {
      deadline.continued();
    }
    requireWriter().informational(interim);
  }

  @Override
  public void sendHead(ResponseHead response, boolean end) {
    if (state == State.CLOSED) {
      return;
    }
    boolean unread = state != State.HELD;
    boolean close =
        closeAsked
            || !framing.isKeepAlive()
            || context.drain().isDraining()
            || deadline.isConnectionOld()
            // A client that waits for 100 may never send the body: what comes next is unknowable.
            || unread && (end || deadline.isAwaitingContinue());
    closeAsked = requireWriter().head(response, end, close);
    if (end) {
      endResponse();
    }
  }

  @Override
  public void sendData(ByteBuf data, boolean end) {
    if (state == State.CLOSED || responseEnded) {
      data.release();
      return;
    }
    if (deaf) {
      data.release();
      return;
    }
    if (state == State.TUNNEL) {
      outputEnded |= end;
      requireWriter().raw(data, end);
      boundLastBytes();
      return;
    }
    if (!requireWriter().data(data, end)) {
      abort(AbortReason.INTERNAL);
    } else if (end) {
      endResponse();
    }
  }

  @Override
  public void sendTrailers(HeaderBlock fields) {
    if (state != State.CLOSED && !responseEnded) {
      requireWriter().trailers(fields);
      endResponse();
    }
  }

  @Override
  public void flush() {
    if (state != State.CLOSED) {
      requireWriter().flush();
    }
  }

  @Override
  public boolean isWritable() {
    return deaf || requireCtx().channel().isWritable();
  }

  @Override
  public void setReadable(boolean readable) {
    if (state != State.CLOSED && paused == readable) {
      paused = !readable;
      deadline.resumed();
      updateReading();
    }
  }

  @Override
  public void startTunnel() {
    if (state == State.CLOSED) {
      return;
    }
    state = State.TUNNEL;
    deadline.none();
    Channel channel = requireCtx().channel();
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    if (channel.pipeline().get(SslHandler.class) == null) {
      channel.config().setAutoClose(false);
    }
    requireWriter().flush();
    if (!held.isEmpty()) {
      // Bytes that came before the 101 were meant for the tunnel.
      eventLoop().execute(this::resume);
    }
  }

  @Override
  public void endTunnel(boolean cut) {
    if (state == State.CLOSED) {
      return;
    }
    responseEnded = true;
    if (cut) {
      sink = null;
      requireWriter().flush();
      Cut.reset(requireCtx().channel());
    } else {
      // The client may not know yet that its bytes are not wanted: they are read and dropped, or
      // they would reset the connection in front of what it has not read.
      closeGracefully(true);
      // A client that takes nothing does not hold what is queued for it for ever.
      deadline.lastBytes();
    }
  }

  @Override
  public void abort(AbortReason reason) {
    if (state != State.CLOSED) {
      sink = null;
      responseEnded = true;
      requireCtx().close();
    }
  }

  @Override
  public void closeAfterResponse() {
    closeAsked = true;
  }

  // ---- Ending

  private void endResponse() {
    responseEnded = true;
    sink = null;
    boolean unread = state != State.HELD;
    // Meant for a tunnel that did not come about, bytes must not pass for a request.
    boolean early = !held.isEmpty() && head.method().equals("CONNECT");
    if (closeAsked || unread || early) {
      closeGracefully(unread || !held.isEmpty());
    } else {
      deadline.idle(settings.listenerIdleMillis());
      if (paused) {
        paused = false;
        updateReading();
      }
      scheduleResume();
    }
  }

  /**
   * Closes behind what is written; with unread input only after the client could read the answer.
   */
  private void closeGracefully(boolean linger) {
    ChannelHandlerContext channel = requireCtx();
    sink = null;
    state = State.IGNORED;
    paused = false;
    dropHeld();
    updateReading();
    requireWriter().flush();
    if (linger) {
      deadline.linger();
    }
    requireWriter().close(linger);
    channel.flush();
  }

  private void dropHeld() {
    ByteBuf in;
    while ((in = held.poll()) != null) {
      in.release();
    }
    heldBytes = 0;
  }

  private void closed() {
    if (state == State.CLOSED) {
      return;
    }
    state = State.CLOSED;
    deadline.stop();
    dropHeld();
    RequestSink current = sink;
    sink = null;
    if (current != null) {
      current.onClientGone();
    }
    requireWriter().discard();
  }

  void closeNow() {
    requireCtx().close();
  }

  void resetNow() {
    Cut.reset(requireCtx().channel());
  }

  /** Bytes that wait for the client's socket. */
  long queuedBytes() {
    return Cut.queuedBytes(requireCtx().channel());
  }

  /** Closes behind a response that may still be on its way to a slow client. */
  void closeIdle() {
    closeGracefully(false);
  }

  private ChannelHandlerContext requireCtx() {
    return requireNonNull(ctx, "not in a pipeline");
  }

  private DeadlineWheel requireWheel() {
    return requireNonNull(wheel, "not in a pipeline");
  }

  private ResponseWriter requireWriter() {
    return requireNonNull(writer, "not in a pipeline");
  }
}
