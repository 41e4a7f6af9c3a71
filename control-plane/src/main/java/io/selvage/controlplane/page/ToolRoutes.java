// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.page;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.api.Overview;
import io.selvage.controlplane.link.ApiRoutes;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.proxy.handler.ProxyHandler;
import io.vertx.httpproxy.HttpProxy;
import io.vertx.httpproxy.ProxyContext;
import io.vertx.httpproxy.ProxyInterceptor;
import io.vertx.httpproxy.ProxyOptions;
import io.vertx.httpproxy.ProxyResponse;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Serves other web tools under the page, each below a path of its own. Whoever reaches this port
 * reaches them, and their pages are of this origin: only tools that are trusted are to be named.
 */
public final class ToolRoutes implements ApiRoutes {
  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
  private static final int IDLE_TIMEOUT_SECONDS = 60;
  private static final int MAX_CONNECTIONS = 8;
  private static final int MAX_WAITING = 64;

  private final List<Tool> tools;

  /**
   * A tool.
   *
   * @param name for people
   * @param path below this page's, without slashes
   * @param url http or https; {@code /path/x} here is {@code x} below its path there
   */
  public record Tool(String name, String path, URI url) {
    /**
     * @throws IllegalArgumentException with a text for people, if the URL cannot be one of a tool
     */
    public Tool {
      requireNonNull(name, "name");
      requireNonNull(path, "path");
      String scheme = String.valueOf(url.getScheme());
      if (url.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
        throw new IllegalArgumentException(url + " is not the http URL of " + name);
      }
      if (url.getRawQuery() != null || url.getRawFragment() != null) {
        throw new IllegalArgumentException(url + " has more than a path after the host");
      }
    }

    private boolean isSecure() {
      return "https".equals(url.getScheme());
    }

    private int port() {
      return url.getPort() >= 0 ? url.getPort() : isSecure() ? 443 : 80;
    }

    /**
     * Whether a target, as it came, stays below the tool's path, whoever takes it apart: it begins
     * there, and has neither dot segments nor an empty first one, percent-encoded slashes and dots
     * included. The router has looked at a normalised path; the tool gets what came.
     */
    boolean isBelow(String uri) {
      int end = uri.indexOf('?');
      String raw = end < 0 ? uri : uri.substring(0, end);
      if (!raw.startsWith("/" + path + "/") || raw.startsWith("/" + path + "//")) {
        return false;
      }
      String decoded;
      try {
        decoded = URLDecoder.decode(raw.replace("+", "%2B"), StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        return false;
      }
      return !decoded.startsWith("/" + path + "//")
          && Arrays.stream(decoded.split("[/\\\\]", -1))
              .noneMatch(segment -> segment.equals(".") || segment.equals(".."));
    }

    /**
     * Where a redirect of the tool leads here, for one that does not know of this path. Relative,
     * for this page may be below a path, too (RFC 9110, section 10.2.2).
     *
     * @param uri what was asked for here, as it came
     */
    String location(String uri, String location) {
      String origin = url.getScheme() + "://" + url.getRawAuthority();
      String path =
          location.startsWith(origin + "/") ? location.substring(origin.length()) : location;
      if (!path.startsWith("/") || path.startsWith("//")) {
        return location; // relative already, or to somebody else
      }
      String base = base();
      if (!(path + "/").startsWith(base + "/")) {
        return location;
      }
      int end = uri.indexOf('?');
      long up =
          uri.substring(0, end < 0 ? uri.length() : end).chars().filter(c -> c == '/').count() - 2;
      String rest = path.substring(Math.min(path.length(), base.length() + 1));
      return (up <= 0 ? "./" : "../".repeat((int) up)) + rest;
    }

    /** The path of the URL, without a slash at its end. */
    private String base() {
      String base = url.getRawPath() == null ? "" : url.getRawPath();
      return base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
    }

    /** The target there of a target here. */
    String target(String uri) {
      String rest = uri.substring(Math.min(uri.length(), path.length() + 1));
      return base() + (rest.startsWith("/") ? rest : "/" + rest);
    }
  }

  public ToolRoutes(List<Tool> tools) {
    this.tools = List.copyOf(tools);
  }

  /** For the page. */
  public List<Overview.Link> links() {
    return tools.stream().map(tool -> new Overview.Link(tool.name, tool.path + "/")).toList();
  }

  @Override
  public void mount(Router router) {
    for (Tool tool : tools) {
      var way = new Way(tool);
      router.get("/" + tool.path).handler(call -> redirect(call, tool));
      router.route("/" + tool.path + "/*").handler(way::handle);
    }
  }

  /** Relative links of the tool's pages begin below its path. */
  private static void redirect(RoutingContext call, Tool tool) {
    if (call.request().path().endsWith("/")) {
      call.next();
      return;
    }
    call.response().setStatusCode(308).putHeader("location", tool.path + "/").end();
  }

  /** The way to one tool, made when it is first gone. */
  private static final class Way {
    /** Name of what was asked for here, within one exchange. */
    private static final String HERE = "here";

    private final Tool tool;
    private @Nullable ProxyHandler handler;

    Way(Tool tool) {
      this.tool = tool;
    }

    void handle(RoutingContext call) {
      boolean reads =
          call.request().method().equals(HttpMethod.GET)
              || call.request().method().equals(HttpMethod.HEAD);
      String site = call.request().getHeader("sec-fetch-site");
      if (!reads && site != null && !site.equals("same-origin") && !site.equals("none")) {
        call.response().setStatusCode(403).end("not from pages of other sites\n");
        return;
      }
      if (!tool.isBelow(call.request().uri())) {
        call.response().setStatusCode(400).end("this is no path below the tool's\n");
        return;
      }
      handler(call.vertx()).handle(call);
    }

    private synchronized ProxyHandler handler(Vertx vertx) {
      ProxyHandler known = handler;
      if (known == null) {
        known = ProxyHandler.create(proxy(vertx));
        handler = known;
      }
      return known;
    }

    private HttpProxy proxy(Vertx vertx) {
      HttpClient client =
          vertx.createHttpClient(
              new HttpClientOptions()
                  .setSsl(tool.isSecure())
                  .setConnectTimeout(CONNECT_TIMEOUT_MILLIS)
                  .setIdleTimeout(IDLE_TIMEOUT_SECONDS),
              new PoolOptions().setHttp1MaxSize(MAX_CONNECTIONS).setMaxWaitQueueSize(MAX_WAITING));
      // Its tunnels hold no end back that reads slowly, so there are none.
      return HttpProxy.reverseProxy(new ProxyOptions().setSupportWebSocket(false), client)
          .origin(tool.port(), tool.url.getHost())
          .addInterceptor(
              new ProxyInterceptor() {
                @Override
                public Future<ProxyResponse> handleProxyRequest(ProxyContext context) {
                  String uri = context.request().getURI();
                  context.set(HERE, uri);
                  context.request().setURI(tool.target(uri));
                  return context.sendRequest();
                }

                @Override
                public Future<Void> handleProxyResponse(ProxyContext context) {
                  String location = context.response().headers().get("location");
                  String uri = context.get(HERE, String.class);
                  if (location != null && uri != null) {
                    context.response().putHeader("location", tool.location(uri, location));
                  }
                  return context.sendResponse();
                }
              });
    }
  }
}
