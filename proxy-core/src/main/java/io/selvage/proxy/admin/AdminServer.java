// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.admin;

import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Function;

/**
 * The admin port. Pages are read-only and open to whoever reaches the port; actions change
 * something and are taken from loopback peers only, by their own method, whatever address the port
 * is bound to.
 *
 * <p>{@code /live} is 200 while the process can answer; {@code /ready} is 200 or 503 with the
 * reasons.
 */
public final class AdminServer {
  /** Body of an action in bytes; more is 413. */
  static final int MAX_ACTION_BODY = 4096;

  /** Request line in bytes: {@code /explain} carries a whole URL, percent-encoded. */
  static final int MAX_LINE = 16 * 1024;

  private final Vertx vertx;
  private final Readiness readiness;
  private final Map<String, Page> pages;
  private final Map<String, Action> actions;
  private final HttpServer server;

  /** A page: rendered on a worker thread, because tables can be large. */
  public record Page(String contentType, Content content) {
    /** A page that takes no parameters. */
    public Page(String contentType, Callable<String> content) {
      this(contentType, query -> content.call());
    }
  }

  /** Renders a page. */
  @FunctionalInterface
  public interface Content {
    /**
     * Makes the text.
     *
     * @param query decoded parameters of the query by name, in order
     * @throws IllegalArgumentException if the query makes no sense: answered 400 with its message
     */
    String render(Map<String, List<String>> query) throws Exception;
  }

  /**
   * Something to do.
   *
   * @param method POST or PUT
   * @param run takes the body, returns what is wrong with it or nothing
   */
  public record Action(HttpMethod method, Function<String, Optional<String>> run) {}

  private AdminServer(
      Vertx vertx, Readiness readiness, Map<String, Page> pages, Map<String, Action> actions) {
    this.vertx = vertx;
    this.readiness = readiness;
    this.pages = new TreeMap<>(pages);
    this.actions = new TreeMap<>(actions);
    this.server =
        vertx.createHttpServer(
            new HttpServerOptions()
                .setIdleTimeout(60)
                .setMaxHeaderSize(8192)
                .setMaxInitialLineLength(MAX_LINE)
                .setHttp2ClearTextEnabled(false));
  }

  /**
   * Starts listening.
   *
   * @param pages by path, beside {@code /ready} and {@code /live}
   * @param actions by path
   * @return fails when the port is in use
   */
  public static Future<AdminServer> start(
      Vertx vertx,
      String address,
      int port,
      Readiness readiness,
      Map<String, Page> pages,
      Map<String, Action> actions) {
    return start(vertx, address, port, readiness, pages, actions, new HeadDeadline(vertx));
  }

  /** The same with another patience. */
  static Future<AdminServer> start(
      Vertx vertx,
      String address,
      int port,
      Readiness readiness,
      Map<String, Page> pages,
      Map<String, Action> actions,
      HeadDeadline heads) {
    AdminServer admin = new AdminServer(vertx, readiness, pages, actions);
    return heads
        .watch(admin.server.requestHandler(admin::handle))
        .listen(SocketAddress.inetSocketAddress(port, address))
        .map(s -> admin);
  }

  /** The bound port. */
  public int port() {
    return server.actualPort();
  }

  public Future<Void> close() {
    return server.close();
  }

  private void handle(HttpServerRequest request) {
    String path = request.path() == null ? "/" : request.path();
    Action action = actions.get(path);
    if (action != null) {
      act(request, action);
      return;
    }
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      answer(request, 405, "text/plain", "only GET here\n");
      return;
    }
    switch (path) {
      case "/live" -> answer(request, 200, "text/plain", "live\n");
      case "/ready" -> {
        boolean ready = readiness.isReady();
        answer(
            request,
            ready ? 200 : 503,
            "text/plain",
            ready ? "ready\n" : String.join("\n", readiness.missing()) + "\n");
      }
      case "/" -> answer(request, 200, "text/plain", index());
      default -> page(request, path);
    }
  }

  private void page(HttpServerRequest request, String path) {
    Page page = pages.get(path);
    if (page == null) {
      answer(request, 404, "text/plain", "no such page\n" + index());
      return;
    }
    vertx
        .executeBlocking(() -> page.content().render(query(request)), false)
        .onSuccess(content -> answer(request, 200, page.contentType(), content))
        .onFailure(e -> {
          if (e instanceof IllegalArgumentException) {
            answer(request, 400, "text/plain", e.getMessage() + "\n");
          } else {
            answer(request, 500, "text/plain", "the page failed: " + e + "\n");
          }
        });
  }

  private static Map<String, List<String>> query(HttpServerRequest request) {
    return new QueryStringDecoder(request.uri()).parameters();
  }

  private void act(HttpServerRequest request, Action action) {
    if (!isLoopback(request.remoteAddress())) {
      answer(request, 403, "text/plain", "actions are taken from loopback only\n");
      return;
    }
    if (request.headers().contains("origin")) {
      // A browser beside the port would carry any web site's POST here.
      answer(request, 403, "text/plain", "actions are not taken from web pages\n");
      return;
    }
    if (!request.method().equals(action.method())) {
      request.response().putHeader("allow", action.method().name());
      answer(request, 405, "text/plain", "this is an action: use " + action.method() + "\n");
      return;
    }
    Buffer body = Buffer.buffer();
    request.handler(chunk -> {
      if (body.length() + chunk.length() <= MAX_ACTION_BODY) {
        body.appendBuffer(chunk);
      } else if (!request.response().ended()) {
        // At once: the rest may be endless, or never come.
        request.response().putHeader("connection", "close");
        answer(request, 413, "text/plain", "the body is too large\n");
      }
    });
    request.endHandler(v -> {
      if (request.response().ended()) {
        return;
      }
      vertx
          .executeBlocking(() -> action.run().apply(body.toString().strip()), false)
          .onSuccess(wrong ->
              answer(
                  request, wrong.isEmpty() ? 200 : 400, "text/plain", wrong.orElse("done") + "\n"))
          .onFailure(e -> answer(request, 500, "text/plain", "failed: " + e + "\n"));
    });
  }

  private String index() {
    var out = new StringBuilder("GET /live\nGET /ready\n");
    pages.keySet().forEach(p -> out.append("GET ").append(p).append('\n'));
    actions.forEach((p, a) -> out.append(a.method()).append(' ').append(p).append('\n'));
    return out.toString();
  }

  private static boolean isLoopback(SocketAddress peer) {
    try {
      // The address is an IP literal, so this asks no resolver.
      return peer != null && InetAddress.getByName(peer.hostAddress()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static void answer(
      HttpServerRequest request, int status, String contentType, String body) {
    HttpServerResponse response = request.response();
    if (response.closed() || response.ended()) {
      return;
    }
    response
        .setStatusCode(status)
        .putHeader("content-type", contentType)
        .putHeader("cache-control", "no-store");
    if (request.method().equals(HttpMethod.HEAD)) {
      response.putHeader("content-length", Integer.toString(body.length())).end();
    } else {
      response.end(body);
    }
  }
}
