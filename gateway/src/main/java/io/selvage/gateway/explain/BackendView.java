// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import io.selvage.gateway.explain.Explanation.Backend;
import io.selvage.gateway.explain.Explanation.EndpointView;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.HostRewrite;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Endpoint;
import java.util.List;
import java.util.Locale;

/** Describes a cluster as a request would meet it, without touching its balancer's state. */
final class BackendView {
  private BackendView() {}

  /**
   * @param hash of the request's affinity; {@link Cluster#NO_HASH} = none
   */
  static Backend of(Cluster cluster, String path, String host, long hash) {
    ClusterSpec spec = cluster.spec();
    List<Endpoint> endpoints = cluster.endpoints();
    return new Backend(
        spec.name(),
        spec.protocol() + (spec.tls().isPresent() ? " over TLS" : ""),
        path,
        host,
        spec.loadBalancer().name().toLowerCase(Locale.ROOT).replace('_', ' '),
        certain(cluster, endpoints, hash),
        endpoints.stream().map(e -> new EndpointView(e.toString(), e.spec().draining())).toList());
  }

  /** True if the addresses come from DNS, so that none is known before traffic flows. */
  static boolean isByName(ClusterSpec spec) {
    return spec.endpoints() instanceof ClusterSpec.EndpointSource.Dns;
  }

  /** Host as the backend sees it; empty = the picked endpoint's own name. */
  static String upstreamHost(HostRewrite rewrite, RequestHead head) {
    return switch (rewrite) {
      case HostRewrite.Keep() -> head.authority();
      case HostRewrite.Literal(String literal) -> literal;
      case HostRewrite.FromEndpoint() -> "";
    };
  }

  /**
   * The endpoint where there is no choice: a single one, or the one a hash leads to; else empty.
   */
  private static String certain(Cluster cluster, List<Endpoint> endpoints, long hash) {
    if (endpoints.size() == 1) {
      return endpoints.getFirst().toString();
    }
    boolean hashes =
        cluster.spec().loadBalancer() == ClusterSpec.LoadBalancerPolicy.RING_HASH
            || cluster.spec().loadBalancer() == ClusterSpec.LoadBalancerPolicy.MAGLEV;
    if (!hashes || hash == Cluster.NO_HASH) {
      return "";
    }
    // A copy of its own, because picking from a live cluster may start a probe.
    Cluster copy = Cluster.create(cluster.spec(), 1);
    copy.updateEndpoints(
        new EndpointSet(cluster.spec().name(), endpoints.stream().map(Endpoint::spec).toList()));
    Endpoint picked = copy.pick(hash, 0);
    return picked == null ? "" : picked.toString();
  }
}
