// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.exchange.DownstreamStream;
import io.selvage.proxy.exchange.ExchangeFactory;
import io.selvage.proxy.exchange.RequestSink;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.ResponseHead;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Answers requests by their path, and notes what it saw: {@code /bytes/N} sends N bytes with
 * back-pressure, {@code /echo} sends body and trailers back, {@code /never} stays silent, {@code
 * /trailers-only} answers as a gRPC error, {@code /paused} stops reading the body, {@code /ws}
 * accepts an upgrade and echoes, everything else gets an empty 200.
 */
final class ScriptedExchanges implements ExchangeFactory {
  final List<String> seen = new CopyOnWriteArrayList<>();
  final List<Rejection> rejected = new CopyOnWriteArrayList<>();
  final List<Rejection> malformed = new CopyOnWriteArrayList<>();
  final List<DownstreamStream> silent = new CopyOnWriteArrayList<>();
  final AtomicInteger gone = new AtomicInteger();
  final AtomicInteger received = new AtomicInteger();
  final AtomicInteger poured = new AtomicInteger();
  volatile boolean recording = true;

  @Override
  public RequestSink onRequest(DownstreamStream stream, boolean end) {
    if (recording) {
      seen.add(
          stream.request().method()
              + ' '
              + stream.request().target()
              + ' '
              + stream.request().authority()
              + '\n'
              + stream.request().headers());
    }
    var run = new Run(stream);
    run.begin(end);
    return run;
  }

  @Override
  public void onRejected(ConnectionInfo connection, Rejection rejection, String rawRequestLine) {
    rejected.add(rejection);
  }

  private final class Run implements RequestSink {
    private final DownstreamStream stream;
    private final ResponseHead head = new ResponseHead();
    private long left;
    private boolean echo;
    private boolean tunnel;

    Run(DownstreamStream stream) {
      this.stream = stream;
    }

    void begin(boolean end) {
      String path = stream.request().target().path();
      head.headers().add("Content-Type", "text/plain");
      if (path.startsWith("/bytes/")) {
        left = Long.parseLong(path.substring(7));
        head.setBody(true, left);
        stream.sendHead(head, left == 0);
        pour();
      } else if (path.equals("/echo")) {
        echo = true;
        stream.sendHead(head, end);
      } else if (path.equals("/trailers-only")) {
        head.headers().add("grpc-status", "5");
        stream.sendHead(head, true);
      } else if (path.equals("/early")) {
        var hints = new ResponseHead();
        hints.setStatus(103, null);
        hints.headers().add("link", "</a.css>; rel=preload");
        stream.sendInformational(hints);
        stream.sendHead(head, true);
      } else if (path.equals("/abort")) {
        stream.sendHead(head, false);
        stream.abort(DownstreamStream.AbortReason.UPSTREAM_RESET);
      } else if (path.equals("/ws") && stream.request().upgrade() != null) {
        head.setStatus(101, null);
        WebSocketUpgrade.addResponseFields(head.headers(), "x");
        stream.sendHead(head, false);
        stream.startTunnel();
        tunnel = true;
        echo = true;
      } else if (path.equals("/paused")) {
        stream.setReadable(false);
        silent.add(stream);
      } else if (path.equals("/never")) {
        silent.add(stream);
      } else {
        stream.sendHead(head, true);
      }
      stream.flush();
    }

    private void pour() {
      while (left > 0 && stream.isWritable()) {
        int n = (int) Math.min(left, 16_384);
        ByteBuf b = stream.connection().secure() ? Unpooled.directBuffer(n) : Unpooled.buffer(n);
        b.writeZero(n);
        left -= n;
        poured.addAndGet(n);
        stream.sendData(b, left == 0);
      }
      stream.flush();
    }

    @Override
    public void onData(ByteBuf data, boolean end) {
      received.addAndGet(data.readableBytes());
      if (echo) {
        stream.sendData(data, end);
        if (!tunnel && !end) {
          stream.setReadable(stream.isWritable());
        }
      } else {
        data.release();
      }
    }

    @Override
    public void onTrailers(HeaderBlock trailers) {
      if (recording) {
        seen.add("trailers\n" + trailers);
      }
      if (echo) {
        stream.sendTrailers(trailers);
      }
    }

    @Override
    public void onMalformed(Rejection rejection) {
      malformed.add(rejection);
    }

    @Override
    public void onClientGone() {
      gone.incrementAndGet();
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
      if (writable) {
        stream.setReadable(true);
        pour();
      }
    }

    @Override
    public void onReadComplete() {
      stream.flush();
    }
  }

  static byte[] ascii(String s) {
    return s.getBytes(StandardCharsets.ISO_8859_1);
  }
}
