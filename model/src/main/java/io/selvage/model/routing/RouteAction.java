// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What a matched route does. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface RouteAction {

  /**
   * Proxy to a cluster.
   *
   * @param cluster key in {@link RoutingModel#clusters()}
   * @param pathRewrite applied to the path, never to the query
   * @param host what the upstream sees as Host
   * @param requestHeaders edits after hop-by-hop removal and forwarding headers
   * @param responseHeaders edits before the response goes down
   * @param timeouts per-route timers
   * @param retry absent = only attempts that were never sent are tried again
   * @param affinity how a request keeps to one endpoint; NONE unless the cluster's policy hashes
   * @param upgrades lower-case Upgrade tokens that are tunnelled; others are refused with 403
   * @param shadows copies whose responses are dropped
   * @param cors answered by the gateway; absent = passed through
   * @param priority which circuit-breaker pool counts the request
   * @param maxRequestBodyBytes 413 beyond; 0 = unlimited
   * @param errorResponses replace bodies of error responses, local and upstream alike; first match
   */
  record Forward(
      String cluster,
      PathRewrite pathRewrite,
      HostRewrite host,
      HeaderEdits requestHeaders,
      HeaderEdits responseHeaders,
      Timeouts timeouts,
      Optional<RetrySpec> retry,
      Affinity affinity,
      Set<String> upgrades,
      List<Shadow> shadows,
      Optional<CorsSpec> cors,
      Priority priority,
      long maxRequestBodyBytes,
      List<ErrorResponse> errorResponses)
      implements RouteAction {
    public Forward {
      requireNonNull(cluster, "cluster");
      requireNonNull(pathRewrite, "pathRewrite");
      requireNonNull(host, "host");
      requireNonNull(requestHeaders, "requestHeaders");
      requireNonNull(responseHeaders, "responseHeaders");
      requireNonNull(timeouts, "timeouts");
      requireNonNull(retry, "retry");
      requireNonNull(affinity, "affinity");
      upgrades = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(upgrades));
      shadows = List.copyOf(shadows);
      requireNonNull(cors, "cors");
      requireNonNull(priority, "priority");
      errorResponses = List.copyOf(errorResponses);
    }

    /** Forward unchanged with default timers. */
    public static Forward to(String cluster) {
      return new Forward(
          cluster,
          new PathRewrite.Keep(),
          new HostRewrite.Keep(),
          HeaderEdits.NONE,
          HeaderEdits.NONE,
          Timeouts.DEFAULT,
          Optional.empty(),
          new Affinity.None(),
          Set.of(),
          List.of(),
          Optional.empty(),
          Priority.DEFAULT,
          0,
          List.of());
    }

    /** The same with another rewrite. */
    public Forward withPathRewrite(PathRewrite rewrite) {
      return new Forward(
          cluster,
          rewrite,
          host,
          requestHeaders,
          responseHeaders,
          timeouts,
          retry,
          affinity,
          upgrades,
          shadows,
          cors,
          priority,
          maxRequestBodyBytes,
          errorResponses);
    }
  }

  /**
   * Answer with a redirect. Absent parts are kept from the request.
   *
   * @param scheme {@code http} or {@code https}
   * @param port 0 = none in the location
   * @param path rewrite of the path; the query is kept
   * @param status 301, 302, 303, 307 or 308
   */
  record Redirect(
      Optional<String> scheme, Optional<String> host, int port, PathRewrite path, int status)
      implements RouteAction {
    public Redirect {
      requireNonNull(scheme, "scheme");
      requireNonNull(host, "host");
      requireNonNull(path, "path");
    }
  }

  /**
   * Answer by the gateway itself.
   *
   * @param status 100-based final status, 200..599
   * @param contentType empty = none
   * @param outcome {@code no_route}, {@code no_endpoints}, {@code config_error} or {@code direct}:
   *     what the access log and metrics call it
   */
  record Respond(int status, String contentType, String body, String outcome)
      implements RouteAction {}

  /** Circuit-breaker pool. */
  enum Priority {
    DEFAULT,
    HIGH
  }
}
