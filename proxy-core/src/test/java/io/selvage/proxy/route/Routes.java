// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.NamedMatch;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.StringMatch;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTargetParser;
import io.selvage.proxy.upstream.Cluster;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Builders of specifications and requests for the tests of this package. */
final class Routes {
  static final ObjectRef ORIGIN = new ObjectRef("Mapping", "default", "m");

  private static final Map<String, Cluster> CLUSTERS = new HashMap<>();

  private Routes() {}

  /** Knows every cluster but those whose name begins with "missing". */
  static final ClusterLookup LOOKUP =
      name ->
          name.startsWith("missing")
              ? null
              : CLUSTERS.computeIfAbsent(name, n -> Cluster.create(ClusterSpec.http(n), 1));

  static PathMatch exact(String text) {
    return new PathMatch.Exact(text, true);
  }

  static PathMatch prefix(String text) {
    return new PathMatch.Prefix(text, true);
  }

  static PathMatch element(String text) {
    return new PathMatch.ElementPrefix(text);
  }

  static PathMatch regex(String text) {
    return new PathMatch.Regex(text, true);
  }

  static RouteSpec route(String name, PathMatch path) {
    return route(name, RouteMatch.path(path));
  }

  static RouteSpec route(String name, RouteMatch match) {
    return new RouteSpec(
        name, ORIGIN, "", match, List.of(target(100, RouteAction.Forward.to("c"))));
  }

  static RouteSpec route(String name, PathMatch path, RouteAction action) {
    return new RouteSpec(name, ORIGIN, "", RouteMatch.path(path), List.of(target(100, action)));
  }

  static RouteSpec weighted(String name, PathMatch path, int... weights) {
    return new RouteSpec(
        name,
        ORIGIN,
        "",
        RouteMatch.path(path),
        java.util.Arrays.stream(weights)
            .mapToObj(w -> target(w, RouteAction.Forward.to("c")))
            .toList());
  }

  static RouteSpec.Target target(int weight, RouteAction action) {
    return new RouteSpec.Target(ORIGIN, weight, action);
  }

  static RouteMatch match(
      PathMatch path,
      @Nullable StringMatch method,
      List<NamedMatch> headers,
      List<NamedMatch> query) {
    return new RouteMatch(path, Optional.ofNullable(method), headers, query);
  }

  static VirtualHostSpec host(HostPattern pattern, RouteSpec... routes) {
    return host(pattern, List.of(routes));
  }

  static VirtualHostSpec host(HostPattern pattern, List<RouteSpec> routes) {
    return new VirtualHostSpec(
        pattern, Optional.empty(), VirtualHostSpec.InsecureAction.ROUTE, 0, routes);
  }

  static VirtualHost compile(RouteSpec... routes) {
    return compile(List.of(routes));
  }

  static VirtualHost compile(List<RouteSpec> routes) {
    return VirtualHostCompiler.compile(host(HostPattern.any(), routes), LOOKUP);
  }

  static RouteTable table(VirtualHostSpec... hosts) {
    return RouteTable.compile(new RouteTableSpec("t", List.of(hosts)), LOOKUP, null);
  }

  /** A request as the codec hands it over; header lines are {@code name: value}. */
  static RequestHead get(String rawTarget, String... headerLines) {
    return request("GET", rawTarget, headerLines);
  }

  static RequestHead request(String method, String rawTarget, String... headerLines) {
    var parser = new RequestTargetParser();
    byte[] bytes = rawTarget.getBytes(ISO_8859_1);
    var rejection = parser.parse(bytes, 0, bytes.length, method, false, Settings.defaults());
    if (rejection != null) {
      throw new IllegalArgumentException(rawTarget + ": " + rejection);
    }
    var head = new RequestHead();
    head.setMethod(method);
    head.setTarget(parser.target());
    head.setAuthority("shop.example.com:8080", "shop.example.com");
    for (String line : headerLines) {
      int colon = line.indexOf(':', 1);
      head.headers().add(line.substring(0, colon), line.substring(colon + 1).strip());
    }
    return head;
  }

  /** Name of the route that wins, or null. */
  static @Nullable String winner(VirtualHost host, RequestHead head) {
    var hit = new RouteHit();
    return host.find(head, 0, hit) ? hit.route().spec().name() : null;
  }
}
