// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.ErrorResponse;
import io.selvage.model.routing.HostRewrite;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.Shadow;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTarget;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Endpoint;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Proxies to a cluster. */
public final class ForwardAction implements CompiledAction {
  private final RouteAction.Forward spec;
  private final Cluster cluster;
  private final PathRewriter rewriter;
  private final HeaderEditor requestEdits;
  private final HeaderEditor responseEdits;
  private final AffinityKey affinity;
  private final @Nullable CorsPolicy cors;
  private final List<CompiledShadow> shadows;
  private final List<CompiledErrorResponse> errorResponses;

  /** A copy of the traffic, whose response is dropped. */
  public static final class CompiledShadow {
    private final Shadow spec;
    private final Cluster cluster;
    private final PathRewriter rewriter;

    CompiledShadow(Shadow spec, Cluster cluster, PathRewriter rewriter) {
      this.spec = spec;
      this.cluster = cluster;
      this.rewriter = rewriter;
    }

    public Cluster cluster() {
      return cluster;
    }

    /** True if the request with this draw of 0..99 is copied. */
    public boolean takes(int draw) {
      return draw < spec.percent();
    }

    /** Path and query of the copy. */
    public String rewritePath(RequestTarget target, RouteHit hit) {
      return join(rewriter.rewrite(target.path(), hit.prefixLength()), target);
    }
  }

  /** The replacement for an error response's body. */
  public record CompiledErrorResponse(ErrorResponse spec, ValueTemplate body) {
    /** The body's text for one exchange. */
    public String render(FactSource facts) {
      return body.render(facts, spec.jsonEscaped());
    }
  }

  /**
   * @throws BadRouteException if a part of the specification does not compile
   */
  ForwardAction(RouteAction.Forward spec, PathMatch match, ClusterLookup clusters) {
    this.spec = spec;
    this.cluster = find(clusters, spec.cluster());
    this.rewriter = PathRewriter.compile(spec.pathRewrite(), match);
    this.requestEdits = HeaderEditor.compile(spec.requestHeaders());
    this.responseEdits = HeaderEditor.compile(spec.responseHeaders());
    this.affinity = new AffinityKey(spec.affinity());
    this.cors = spec.cors().map(CorsPolicy::new).orElse(null);
    if (spec.host() instanceof HostRewrite.Literal(String host)) {
      RedirectAction.checkHost(host);
    }
    var copies = new ArrayList<CompiledShadow>();
    for (Shadow shadow : spec.shadows()) {
      copies.add(
          new CompiledShadow(
              shadow,
              find(clusters, shadow.cluster()),
              PathRewriter.compile(shadow.pathRewrite(), match)));
    }
    this.shadows = List.copyOf(copies);
    this.errorResponses =
        spec.errorResponses().stream()
            .map(e -> new CompiledErrorResponse(e, ValueTemplate.forBody(e.body())))
            .toList();
  }

  @Override
  public RouteAction.Forward spec() {
    return spec;
  }

  public Cluster cluster() {
    return cluster;
  }

  /** Path and query as the upstream is to see them. */
  public String rewritePath(RequestTarget target, RouteHit hit) {
    return rewriter.isKeep()
        ? target.toString()
        : join(rewriter.rewrite(target.path(), hit.prefixLength()), target);
  }

  /** False if {@link #rewritePath} returns every path as it came. */
  public boolean rewritesPath() {
    return !rewriter.isKeep();
  }

  /** Host as the upstream is to see it. */
  public String upstreamAuthority(RequestHead head, Endpoint endpoint) {
    return switch (spec.host()) {
      case HostRewrite.Keep() -> head.authority();
      case HostRewrite.Literal(String host) -> host;
      case HostRewrite.FromEndpoint() -> {
        String name = endpoint.hostname();
        yield name.indexOf(':') >= 0 ? "[" + name + "]" : name;
      }
    };
  }

  public HeaderEditor requestEdits() {
    return requestEdits;
  }

  public HeaderEditor responseEdits() {
    return responseEdits;
  }

  public AffinityKey affinity() {
    return affinity;
  }

  /** Null when CORS is the backend's business. */
  public @Nullable CorsPolicy cors() {
    return cors;
  }

  public List<CompiledShadow> shadows() {
    return shadows;
  }

  /** The replacement for an error response with this status; null = as it is. */
  public @Nullable CompiledErrorResponse errorResponse(int status) {
    for (CompiledErrorResponse response : errorResponses) {
      if (response.spec().onStatus() == status) {
        return response;
      }
    }
    return null;
  }

  static String join(String path, RequestTarget target) {
    if (!target.hasQuery()) {
      return path;
    }
    // A rewrite may have brought a query of its own.
    return path + (path.indexOf('?') >= 0 ? '&' : '?') + target.query();
  }

  private static Cluster find(ClusterLookup clusters, String name) {
    Cluster cluster = clusters.find(name);
    if (cluster == null) {
      throw new BadRouteException("ClusterNotFound", "the cluster " + name + " is not defined");
    }
    return cluster;
  }
}
