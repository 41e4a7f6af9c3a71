// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteAction;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTarget;

/** Answers with a redirect. */
public final class RedirectAction implements CompiledAction {
  private final RouteAction.Redirect spec;
  private final PathRewriter rewriter;

  /**
   * @throws BadRouteException if a part of the specification does not compile
   */
  RedirectAction(RouteAction.Redirect spec, PathMatch match) {
    this.spec = spec;
    this.rewriter = PathRewriter.compile(spec.path(), match);
    spec.host().ifPresent(RedirectAction::checkHost);
    if (spec.scheme().isPresent()
        && !spec.scheme().get().equals("http")
        && !spec.scheme().get().equals("https")) {
      throw new BadRouteException(
          "InvalidRedirect", "the scheme " + spec.scheme().get() + " is neither http nor https");
    }
    if (spec.port() < 0 || spec.port() > 65535) {
      throw new BadRouteException("InvalidRedirect", "the port " + spec.port() + " is not one");
    }
  }

  @Override
  public RouteAction.Redirect spec() {
    return spec;
  }

  /** {@link #location(RequestHead, boolean, int)} for a hit. */
  public String location(RequestHead head, boolean secure, RouteHit hit) {
    return location(head, secure, hit.prefixLength());
  }

  /**
   * Value of the Location field. Without a Host from client or configuration it is relative (RFC
   * 9110, section 10.2.2).
   *
   * @param secure whether the request came by https, for redirects that keep the scheme
   * @param prefixLength how much of the path the route matched
   */
  public String location(RequestHead head, boolean secure, int prefixLength) {
    RequestTarget target = head.target();
    String path = rewriter.rewrite(target.path(), prefixLength);
    // A query in the configured path takes the place of the request's (Envoy's path_redirect).
    String pathAndQuery =
        target.hasQuery() && path.indexOf('?') < 0 ? path + '?' + target.query() : path;
    String authority = authority(head);
    if (authority.isEmpty()) {
      return relative(pathAndQuery);
    }
    return spec.scheme().orElse(secure ? "https" : "http") + "://" + authority + pathAndQuery;
  }

  /** The https location of a virtual host that redirects insecure requests. */
  public static String toHttps(RequestHead head, int port) {
    if (head.authority().isEmpty()) {
      return relative(head.target().toString());
    }
    return "https://" + withPort(withoutPort(head.authority()), port) + head.target();
  }

  private String authority(RequestHead head) {
    if (spec.host().isPresent()) {
      String host = spec.host().get();
      return spec.port() == 0 ? host : withPort(withoutPort(host), spec.port());
    }
    String authority = head.authority();
    if (authority.isEmpty()) {
      return "";
    }
    // The client's port belongs to the scheme it used; with another scheme it would be wrong.
    if (spec.port() == 0 && spec.scheme().isEmpty()) {
      return authority;
    }
    return withPort(withoutPort(authority), spec.port());
  }

  /** Two slashes in front would make the first segment a host: an open redirect. */
  private static String relative(String path) {
    int slashes = 0;
    while (slashes < path.length() && path.charAt(slashes) == '/') {
      slashes++;
    }
    return slashes > 1 ? path.substring(slashes - 1) : path;
  }

  private static String withPort(String host, int port) {
    return port == 0 ? host : host + ':' + port;
  }

  private static String withoutPort(String authority) {
    int colon = authority.lastIndexOf(':');
    return colon > authority.lastIndexOf(']') ? authority.substring(0, colon) : authority;
  }

  /**
   * @throws BadRouteException if {@code host} would break a header line or a URI
   */
  static void checkHost(String host) {
    boolean legal = !host.isEmpty();
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      legal &= c > 0x20 && c < 0x7f && "/?#@\\\"<>{}|^`%".indexOf(c) < 0;
    }
    if (!legal) {
      throw new BadRouteException("InvalidHost", "\"" + host + "\" is not a host");
    }
  }
}
