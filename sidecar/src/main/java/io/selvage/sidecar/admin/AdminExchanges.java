// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.admin;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.exchange.DownstreamStream;
import io.selvage.proxy.exchange.ExchangeFactory;
import io.selvage.proxy.exchange.RequestSink;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the requests of the admin port. Pages are read-only and open to whoever reaches the port;
 * the one action is taken from loopback only, whatever address the port is bound to.
 */
final class AdminExchanges implements ExchangeFactory {
  private static final Logger log = LoggerFactory.getLogger(AdminExchanges.class);

  /** Characters of an action's body. */
  private static final int MAX_BODY = 4_096;

  private static final byte[] ORIGIN = {'o', 'r', 'i', 'g', 'i', 'n'};

  private final AdminPages pages;
  private final Executor slow;

  /**
   * @param slow where pages are rendered that may take a while
   */
  AdminExchanges(AdminPages pages, Executor slow) {
    this.pages = pages;
    this.slow = slow;
  }

  @Override
  public RequestSink onRequest(DownstreamStream stream, boolean end) {
    var exchange = new AdminExchange(stream);
    RequestHead request = stream.request();
    String path = request.target().path();
    boolean get = request.method().equals("GET") || request.method().equals("HEAD");
    if (path.equals("/shutdown")) {
      exchange.send(shutdown(stream.connection(), request));
    } else if (path.equals("/log-level") && !get) {
      logLevel(exchange, stream.connection(), request, end);
    } else if (!get) {
      exchange.send(new AdminAnswer(405, "only GET here\n"));
    } else if (path.equals("/metrics")) {
      metrics(exchange, stream);
    } else {
      exchange.send(page(path));
    }
    return exchange;
  }

  private AdminAnswer page(String path) {
    return switch (path) {
      case "/live" -> new AdminAnswer(200, "live\n");
      case "/ready" ->
          pages.readiness().isReady()
              ? new AdminAnswer(200, "ready\n")
              : new AdminAnswer(
                  503, "not ready\n" + String.join("\n", pages.readiness().missing()) + "\n");
      case "/log-level" -> new AdminAnswer(200, pages.logLevelNow().get() + "\n");
      case "/" ->
          new AdminAnswer(
              200,
              "GET /live\nGET /ready\nGET /metrics\nGET /log-level\nPUT /log-level\n"
                  + (pages.shutdown() == null ? "" : "POST /shutdown\n"));
      default -> new AdminAnswer(404, "no such page\n");
    };
  }

  private AdminAnswer shutdown(ConnectionInfo connection, RequestHead request) {
    Runnable action = pages.shutdown();
    if (action == null) {
      return new AdminAnswer(404, "shutdown is not enabled: see --admin-shutdown\n");
    }
    AdminAnswer refused = refused(connection, request, "POST");
    if (refused != null) {
      return refused;
    }
    action.run();
    return new AdminAnswer(200, "shutting down\n");
  }

  /** Why an action is not taken; null if it is. */
  private static @Nullable AdminAnswer refused(
      ConnectionInfo connection, RequestHead request, String method) {
    if (!connection.peer().getAddress().isLoopbackAddress()) {
      return new AdminAnswer(403, "actions are taken from loopback only\n");
    }
    if (request.headers().indexOf(ORIGIN, 0) >= 0) {
      // A browser beside the port would carry any web site's requests here.
      return new AdminAnswer(403, "actions are not taken from web pages\n");
    }
    return request.method().equals(method)
        ? null
        : new AdminAnswer(405, "this is an action: use " + method + "\n");
  }

  private void logLevel(
      AdminExchange exchange, ConnectionInfo connection, RequestHead request, boolean end) {
    AdminAnswer refused = refused(connection, request, "PUT");
    if (refused != null) {
      exchange.send(refused);
    } else if (end) {
      exchange.send(logLevel(""));
    } else {
      exchange.awaitBody(this::logLevel);
    }
  }

  private AdminAnswer logLevel(String text) {
    return pages
        .logLevel()
        .apply(text.strip())
        .map(wrong -> new AdminAnswer(400, wrong + "\n"))
        .orElseGet(() -> new AdminAnswer(200, "set\n"));
  }

  private void metrics(AdminExchange exchange, DownstreamStream stream) {
    try {
      slow.execute(() -> {
        AdminAnswer answer;
        try {
          answer = new AdminAnswer(200, pages.metrics().get());
        } catch (RuntimeException e) {
          log.atError().setCause(e).log("the metrics cannot be rendered");
          answer = new AdminAnswer(500, "the page failed: " + e + "\n");
        }
        AdminAnswer made = answer;
        stream.eventLoop().execute(() -> exchange.send(made));
      });
    } catch (RejectedExecutionException e) {
      exchange.send(new AdminAnswer(503, "too many are being rendered\n"));
    }
  }

  @Override
  public void onRejected(ConnectionInfo connection, Rejection rejection, String rawRequestLine) {
    log.atDebug().addKeyValue("rule", rejection).log("a request to the admin port was refused");
  }

  /** One request. Confined to its event loop. */
  private static final class AdminExchange implements RequestSink {
    private final DownstreamStream stream;
    private final StringBuilder body = new StringBuilder();
    private @Nullable Function<String, AdminAnswer> action;
    private boolean over;

    AdminExchange(DownstreamStream stream) {
      this.stream = stream;
    }

    /** Answers once the body is here. */
    void awaitBody(Function<String, AdminAnswer> then) {
      action = then;
    }

    void send(AdminAnswer answer) {
      if (over) {
        return;
      }
      over = true;
      byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
      var head = new ResponseHead();
      head.setStatus(answer.status(), null);
      head.headers().add("content-type", "text/plain; charset=utf-8");
      head.headers().add("cache-control", "no-store");
      head.setBody(body.length > 0, body.length);
      stream.sendHead(head, body.length == 0);
      if (body.length > 0) {
        stream.sendData(Unpooled.wrappedBuffer(body), true);
      }
      stream.flush();
    }

    @Override
    public void onData(ByteBuf data, boolean end) {
      Function<String, AdminAnswer> then = action;
      if (then == null || over) {
        data.release();
        return;
      }
      body.append(data.toString(StandardCharsets.UTF_8));
      data.release();
      if (body.length() > MAX_BODY) {
        stream.closeAfterResponse();
        send(new AdminAnswer(413, "the body is too large\n"));
      } else if (end) {
        send(then.apply(body.toString()));
      }
    }

    @Override
    public void onTrailers(HeaderBlock trailers) {
      onData(Unpooled.EMPTY_BUFFER, true);
    }

    @Override
    public void onMalformed(Rejection rejection) {
      if (!over) {
        stream.closeAfterResponse();
        send(new AdminAnswer(rejection.status(), ""));
      }
    }

    @Override
    public void onClientGone() {
      over = true;
    }

    @Override
    public void onWritabilityChanged(boolean writable) {}

    @Override
    public void onReadComplete() {}
  }
}
