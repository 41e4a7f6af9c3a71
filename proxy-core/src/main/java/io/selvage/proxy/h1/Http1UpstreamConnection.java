// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.NetUtil;
import io.selvage.model.routing.Settings.Underscores;
import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.exchange.UpstreamFailure;
import io.selvage.proxy.exchange.UpstreamStream;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.HopByHop;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.pool.UpstreamConnection;
import io.selvage.proxy.transport.Cut;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection to an endpoint: carries one request at a time and goes back to its pool only when
 * both messages have ended whole and neither side wants to close. Anything the endpoint sends
 * unasked ends it: those bytes could pass for the next answer.
 *
 * <p>Confined to the channel's event loop.
 */
final class Http1UpstreamConnection extends ChannelInboundHandlerAdapter
    implements UpstreamConnection, UpstreamStream {

  /** What the next byte from the endpoint is. */
  private enum State {
    /** Uncalled for. */
    IDLE,
    HEAD,
    LENGTH,
    CHUNKED,
    TRAILERS,
    UNTIL_CLOSE,
    TUNNEL,
    CLOSED
  }

  private final Channel channel;
  private final Listener listener;
  private final Limits limits;
  private final ResponseHead head = new ResponseHead();
  private final ResponseHeadReader reader = new ResponseHeadReader(head);
  private final ResponseFraming framing = new ResponseFraming();
  private final ChunkedDecoder chunks = new ChunkedDecoder();
  private @Nullable TrailerReader trailers;
  private @Nullable MessageWriter out;

  private State state = State.IDLE;
  private @Nullable ResponseSink sink;
  private boolean reused;
  private boolean requestEnded;
  private boolean headRequest;
  private boolean connectRequest;
  private @Nullable String upgrade;
  private boolean anyByte;
  private int interims;
  private long bodyLeft;
  private boolean usable = true;
  private boolean reset;

  /** The endpoint has ended its direction of the tunnel. */
  private boolean tunnelEnded;

  /** The other direction of the tunnel has ended. */
  private boolean outputEnded;

  /** Nobody takes the endpoint's bytes any more, but what is queued for it still goes. */
  private boolean abandoned;

  /** The endpoint takes no more of the request, but its answer may be here already. */
  private boolean deaf;

  /** A response has ended and the connection has not been offered again yet. */
  private boolean ended;

  Http1UpstreamConnection(Channel channel, Listener listener, Limits limits) {
    this.channel = channel;
    this.listener = listener;
    this.limits = limits;
  }

  // ---- UpstreamConnection

  @Override
  public int available() {
    return usable && state == State.IDLE && !ended ? 1 : 0;
  }

  @Override
  public int active() {
    return sink == null ? 0 : 1;
  }

  @Override
  public void begin(ResponseSink newSink) {
    if (available() == 0) {
      throw new IllegalStateException("the connection is not free");
    }
    sink = newSink;
    state = State.HEAD;
    requestEnded = false;
    anyByte = false;
    interims = 0;
    resetReader();
    newSink.onStream(this);
  }

  @Override
  public void retire() {
    unusable();
    if (state == State.IDLE) {
      channel.close();
    }
  }

  @Override
  public void close() {
    channel.close();
  }

  // ---- Channel events

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    out = new MessageWriter(ctx);
    if (channel.pipeline().get(SslHandler.class) == null) {
      // Netty would close at the first write that fails, with the answer unread. Within TLS there
      // is nothing to be read behind a broken stream.
      channel.config().setAutoClose(false);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    anyByte |= in.isReadable();
    while (process(in)) {
      // one message, or one part of it, after the other
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ResponseSink current = sink;
    if (current != null) {
      current.onReadComplete();
    } else {
      release();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    ResponseSink current = sink;
    if (current != null) {
      current.onWritabilityChanged(ctx.channel().isWritable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      inputEnded(ctx);
    } else if (event instanceof SslCloseCompletionEvent closed
        && closed.isSuccess()
        && state == State.TUNNEL
        && !outputEnded) {
      // Behind an end of ours TLS can not be read from any more: that is not the endpoint's word.
      endTunnelInput();
    }
    ctx.fireUserEventTriggered(event);
  }

  private void inputEnded(ChannelHandlerContext ctx) {
    if (state == State.TUNNEL && sink != null && !reset && !Cut.isTruncated(channel)) {
      endTunnelInput();
      if (channel instanceof DuplexChannel socket && socket.isOutputShutdown()) {
        ctx.close(); // both directions are done
      }
    } else if (!abandoned || isFlushed()) {
      ctx.close();
    }
    // Otherwise what is queued is still sent, and the connection closed behind it.
  }

  private void endTunnelInput() {
    ResponseSink current = sink;
    if (current != null && !tunnelEnded) {
      tunnelEnded = true;
      current.onData(Unpooled.EMPTY_BUFFER, true);
      if (outputEnded) {
        Cut.closeLater(channel);
      }
    }
  }

  private boolean isFlushed() {
    return Cut.queuedBytes(channel) == 0;
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    closed();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (state == State.TUNNEL && !failsTunnel(cause)) {
      return;
    }
    // Whatever it was, the connection cannot be trusted any more; the attempt hears of it as a
    // reset,
    // and a body that ends with the connection has not ended whole.
    reset = true;
    if (state == State.HEAD
        && cause instanceof IOException
        && !deaf
        && channel.isOpen()
        && channel instanceof DuplexChannel socket
        && socket.isOutputShutdown()) {
      // It was a write that failed. An endpoint that refuses a long request answers and closes
      // (RFC 9112 section 9.6): what it said stands behind what we could not send.
      deaf = true;
      unusable();
      setReadable(true);
      channel
          .eventLoop()
          .schedule(
              () -> channel.close(), limits.connection().lingerMillis(), TimeUnit.MILLISECONDS);
      return;
    }
    if (!deaf || !(channel instanceof DuplexChannel socket) || socket.isInputShutdown()) {
      ctx.close();
    }
  }

  /** False if what the endpoint has said before is still to be read, and then its end. */
  private boolean failsTunnel(Throwable cause) {
    Cut.Failure failure = Cut.failure(cause);
    switch (failure) {
      case NOTHING -> {}
      case GONE, BROKEN_WRITE -> {
        reset |= failure == Cut.Failure.BROKEN_WRITE;
        deaf = true;
        if (tunnelEnded || channel instanceof DuplexChannel socket && socket.isInputShutdown()) {
          deaf = false;
          return true; // there is nothing left to be read: no event would end it
        }
        ResponseSink current = sink;
        if (current != null) {
          current.onWritabilityChanged(true); // what waits for this endpoint need not wait any more
        }
      }
      case BROKEN -> {
        deaf = false;
        return true;
      }
    }
    return abandoned;
  }

  // ---- Reading; each returns whether there may be more in the buffer, which it otherwise gave
  // away

  private boolean process(ByteBuf in) {
    return switch (state) {
      case HEAD -> readHead(in);
      case LENGTH -> readLength(in);
      case CHUNKED -> readChunked(in);
      case TRAILERS -> readTrailers(in);
      case UNTIL_CLOSE, TUNNEL -> {
        if (in.isReadable()) {
          deliver(in, false);
        } else {
          in.release();
        }
        yield false;
      }
      case IDLE -> {
        boolean unasked = in.isReadable();
        in.release();
        if (unasked) {
          unusable();
          channel.close();
        }
        yield false;
      }
      case CLOSED -> {
        in.release();
        yield false;
      }
    };
  }

  private boolean readHead(ByteBuf in) {
    if (!reader.read(in)) {
      in.release();
      return false;
    }
    if (reader.error() != null) {
      return broken(in);
    }
    if (head.status() < 200) {
      return interim(in);
    }
    ResponseFraming.Body body = framing.check(head, reader.isHttp10(), headRequest);
    if (connectRequest && head.status() < 300) {
      return connected(in, body);
    }
    switch (body) {
      case INVALID -> {
        return broken(in);
      }
      case NONE -> {
        keepOrNot();
        ResponseSink current = sink;
        ended();
        if (current != null) {
          current.onHead(head, true);
        }
      }
      case LENGTH -> begin(State.LENGTH);
      case CHUNKED -> {
        chunks.reset(limits.request().chunkLineBytes());
        begin(State.CHUNKED);
      }
      case CLOSE -> begin(State.UNTIL_CLOSE);
    }
    return true;
  }

  /**
   * 2xx to CONNECT: everything behind the head is the tunnel's. A server that frames it as a body
   * (RFC 9110 section 9.3.6 forbids it) has not understood, and would take the tunnel's bytes for
   * requests.
   */
  private boolean connected(ByteBuf in, ResponseFraming.Body body) {
    if (body != ResponseFraming.Body.CLOSE) {
      return broken(in);
    }
    beginTunnel(requireNonNull(sink));
    return true;
  }

  private void beginTunnel(ResponseSink current) {
    // The tunnel's first bytes wait in the buffer until the client has its head before them.
    unusable();
    state = State.TUNNEL;
    requireOut().unframed();
    current.onHead(head, false);
  }

  private void begin(State body) {
    state = body;
    bodyLeft = head.contentLength();
    keepOrNot();
    ResponseSink current = sink;
    if (current != null) {
      current.onHead(head, false);
    }
  }

  private void keepOrNot() {
    if (!framing.isKeepAlive()) {
      unusable();
    }
  }

  private boolean interim(ByteBuf in) {
    ResponseSink current = requireNonNull(sink);
    if (++interims > limits.exchange().interimResponses()) {
      return broken(in);
    }
    // Asked before the check, which drops what Connection nominates: Upgrade itself.
    boolean switched = head.status() == 101 && isTheAskedUpgrade();
    if (framing.check(head, reader.isHttp10(), headRequest) == ResponseFraming.Body.INVALID) {
      return broken(in);
    }
    if (head.status() == 101) {
      if (!switched || !requestEnded) {
        return broken(in);
      }
      beginTunnel(current);
      return true;
    }
    current.onInformational(head);
    resetReader();
    return true;
  }

  private boolean isTheAskedUpgrade() {
    String wanted = upgrade;
    int field = head.headers().indexOf(HeaderName.UPGRADE);
    return wanted != null && field >= 0 && Tokens.firstLower(head.headers(), field).equals(wanted);
  }

  private boolean readLength(ByteBuf in) {
    int available = in.readableBytes();
    if (available == 0) {
      in.release();
      return false;
    }
    int n = (int) Math.min(bodyLeft, available);
    bodyLeft -= n;
    boolean whole = n == available;
    ByteBuf data = whole ? in : in.readRetainedSlice(n);
    if (bodyLeft == 0) {
      finish(data, null);
    } else {
      deliver(data, false);
    }
    return !whole;
  }

  private boolean readChunked(ByteBuf in) {
    switch (chunks.next(in)) {
      case MORE -> {
        in.release();
        return false;
      }
      case DATA -> deliver(in.readRetainedSlice(chunks.dataLength()), false);
      case LAST -> {
        if (trailers == null) {
          trailers = new TrailerReader();
        }
        trailers.start(limits.request().trailerBytes(), limits.upstream().headerCount());
        state = State.TRAILERS;
      }
      case ERROR -> {
        return broken(in);
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
    if (section.error() != null) {
      return broken(in);
    }
    HeaderBlock fields = section.fields();
    boolean none = fields.count() == 0 || HopByHop.isForbiddenInTrailers(fields);
    finish(Unpooled.EMPTY_BUFFER, none ? null : fields);
    return true;
  }

  private void deliver(ByteBuf data, boolean end) {
    ResponseSink current = sink;
    if (current == null) {
      data.release();
    } else {
      current.onData(data, end);
    }
  }

  /**
   * The response's last piece; the connection is free once the read loop has brought nothing more.
   */
  private void finish(ByteBuf data, @Nullable HeaderBlock fields) {
    ResponseSink current = sink;
    ended();
    if (current == null) {
      data.release();
    } else if (fields != null) {
      data.release();
      current.onTrailers(fields);
    } else {
      current.onData(data, true);
    }
  }

  private void ended() {
    sink = null;
    ended = true;
    if (!requestEnded) {
      // The endpoint answered early: the rest of the request would be its next one.
      unusable();
    }
    state = State.IDLE;
    reused = true;
  }

  /**
   * Back to the pool, but not before the end of the read loop: bytes behind the response must have
   * had their chance to be noticed.
   */
  private void release() {
    if (!ended || state != State.IDLE) {
      return;
    }
    ended = false;
    if (usable) {
      if (!channel.config().isAutoRead()) {
        channel.config().setAutoRead(true);
      }
      listener.onAvailable(this);
    } else {
      channel.close();
    }
  }

  private void resetReader() {
    reader.reset(
        head.headers(),
        true,
        limits.request().lineBytes(),
        limits.upstream().headerBytes(),
        limits.upstream().headerCount(),
        Underscores.ALLOW);
    head.clear();
  }

  private boolean broken(ByteBuf in) {
    in.release();
    fail(UpstreamFailure.PROTOCOL_ERROR);
    channel.close();
    return false;
  }

  private void fail(UpstreamFailure failure) {
    unusable();
    ResponseSink current = sink;
    sink = null;
    if (current != null) {
      current.onFailed(failure);
    }
  }

  private void unusable() {
    if (usable) {
      usable = false;
      listener.onUnusable(this);
    }
  }

  private void closed() {
    State last = state;
    if (last == State.CLOSED) {
      return;
    }
    state = State.CLOSED;
    requireOut().discard();
    ResponseSink current = sink;
    if (current != null && last == State.UNTIL_CLOSE && !reset) {
      sink = null;
      current.onData(Unpooled.EMPTY_BUFFER, true);
    } else if (last == State.HEAD) {
      fail(reused && !anyByte ? UpstreamFailure.RESET_ON_REUSE : UpstreamFailure.RESET);
    } else {
      fail(UpstreamFailure.RESET_MID_RESPONSE);
    }
    usable = false;
    listener.onClosed(this);
  }

  // ---- UpstreamStream

  @Override
  public void sendHead(RequestHead request, String path, String authority, boolean end) {
    headRequest = request.method().equals("HEAD");
    connectRequest = request.method().equals("CONNECT");
    upgrade = request.upgrade();
    requestEnded = end;
    boolean chunked = !end && request.contentLength() < 0;
    MessageWriter writer = requireOut();
    ByteBuf buffer = writer.headBuffer(request.headers(), request.contentLength());
    HeadEncoder.request(buffer, request, path, authority, chunked);
    writer.head(buffer, chunked, end);
  }

  @Override
  public void sendData(ByteBuf data, boolean end) {
    if (state == State.CLOSED || deaf || requestEnded && state != State.TUNNEL) {
      data.release();
      return;
    }
    requireOut().data(data, end && state != State.TUNNEL);
    requestEnded |= end;
    if (end && state == State.TUNNEL) {
      outputEnded = true;
      requireOut().flush();
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> shutdownOutput());
      if (tunnelEnded) {
        Cut.closeLater(channel); // an endpoint that takes nothing does not hold it for ever
      }
    }
  }

  @Override
  public void sendTrailers(HeaderBlock fields) {
    if (state != State.CLOSED && !deaf && !requestEnded) {
      requireOut().trailers(fields);
      requestEnded = true;
    }
  }

  @Override
  public void flush() {
    if (state != State.CLOSED && !deaf) {
      requireOut().flush();
    }
  }

  @Override
  public boolean isWritable() {
    return deaf || channel.isWritable();
  }

  @Override
  public void setReadable(boolean readable) {
    if (channel.config().isAutoRead() != readable) {
      channel.config().setAutoRead(readable);
    }
  }

  @Override
  public void startTunnel() {
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
  }

  @Override
  public void endTunnel(boolean broken) {
    if (state == State.CLOSED) {
      return;
    }
    sink = null;
    unusable();
    requireOut().flush();
    if (broken) {
      Cut.reset(channel);
      return;
    }
    // Its end is on its way behind what is queued. What the endpoint sends is read and dropped:
    // left unread it would reset the connection in front of what the endpoint has not read.
    abandoned = true;
    setReadable(true);
    if (channel instanceof DuplexChannel socket && socket.isInputShutdown() && isFlushed()) {
      channel.close();
    } else {
      Cut.closeLater(channel);
    }
  }

  @Override
  public void cancel() {
    sink = null;
    unusable();
    channel.close();
  }

  @Override
  public String remoteAddress() {
    return channel.remoteAddress() instanceof InetSocketAddress address
        ? NetUtil.toSocketAddressString(address)
        : String.valueOf(channel.remoteAddress());
  }

  /** Without TLS's own word, behind which the endpoint could not be heard: {@link Cut}. */
  private void shutdownOutput() {
    if (channel instanceof DuplexChannel socket && !socket.isInputShutdown()) {
      socket.shutdownOutput();
    } else {
      Cut.closeEnded(channel);
    }
  }

  private MessageWriter requireOut() {
    return requireNonNull(out, "not in a pipeline");
  }
}
