// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static java.util.Objects.requireNonNull;

import io.selvage.model.Problem;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.proxy.http.RequestHead;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The compiled virtual hosts of a listener. Immutable, shared by all event loops. */
public final class RouteTable {
  private final RouteTableSpec spec;
  private final Map<HostPattern, VirtualHost> virtualHosts;
  private final HostIndex<VirtualHost> index;
  private final List<Problem> problems;

  private RouteTable(RouteTableSpec spec, Map<HostPattern, VirtualHost> virtualHosts) {
    this.spec = spec;
    this.virtualHosts = virtualHosts;
    this.index = new HostIndex<>(virtualHosts);
    var all = new ArrayList<Problem>();
    virtualHosts.values().forEach(host -> all.addAll(host.problems()));
    this.problems = List.copyOf(all);
  }

  /**
   * Compiles a table. Never throws for a mistake in the specification: what cannot be compiled is
   * left out and listed in {@link #problems()}.
   *
   * @param previous the table this one follows; virtual hosts that did not change are taken over
   *     from it
   */
  public static RouteTable compile(
      RouteTableSpec spec, ClusterLookup clusters, @Nullable RouteTable previous) {
    requireNonNull(spec, "spec");
    var hosts = new LinkedHashMap<HostPattern, VirtualHost>(spec.virtualHosts().size() * 2);
    for (VirtualHostSpec host : spec.virtualHosts()) {
      VirtualHost old = previous == null ? null : previous.virtualHosts.get(host.host());
      hosts.putIfAbsent(
          host.host(),
          old != null && old.isCurrent(host, clusters)
              ? old
              : VirtualHostCompiler.compile(host, clusters));
    }
    return new RouteTable(spec, hosts);
  }

  /** Name of the specification. */
  public String name() {
    return spec.name();
  }

  public RouteTableSpec spec() {
    return spec;
  }

  /** What could not be compiled, in the order of the specification. */
  public List<Problem> problems() {
    return problems;
  }

  /**
   * The most specific virtual host.
   *
   * @param host {@link io.selvage.proxy.http.RequestHead#host()}
   */
  public @Nullable VirtualHost virtualHost(String host) {
    return index.find(host);
  }

  /**
   * Explains where a request goes and why every other candidate lost, by the very code that serves
   * it. Looks at each virtual host: for people, not for the request path.
   *
   * @param draw 0..99, as in {@link VirtualHost#find}
   */
  public RouteExplanation explain(RequestHead head, int draw) {
    return RouteExplainer.explain(head, draw, virtualHosts.values(), virtualHost(head.host()));
  }
}
