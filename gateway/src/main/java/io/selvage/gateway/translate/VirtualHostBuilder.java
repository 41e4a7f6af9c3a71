// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.model.routing.VirtualHostSpec.InsecureAction;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A virtual host while processors add to it. Confined to the compiling thread. */
public final class VirtualHostBuilder {
  private static final Comparator<Ranked> SEARCH_ORDER =
      Comparator.comparing(Ranked::rank).thenComparing(r -> r.route().name());

  private final HostPattern host;
  private final List<Ranked> routes = new ArrayList<>(2);
  private final Set<String> names = new HashSet<>(4);
  private Optional<ObjectRef> origin = Optional.empty();
  private InsecureAction insecure = InsecureAction.ROUTE;
  private int redirectPort;
  private boolean closed;

  private record Ranked(RouteRank rank, RouteSpec route) {}

  VirtualHostBuilder(HostPattern host) {
    this.host = host;
  }

  public HostPattern host() {
    return host;
  }

  /** The Host object that governs this virtual host; empty if only Ingress rules made it. */
  public Optional<ObjectRef> origin() {
    return origin;
  }

  /**
   * Puts the virtual host under a Host object.
   *
   * @param redirectPort port in the location of a redirect to https; 0 = none
   */
  public VirtualHostBuilder govern(ObjectRef newOrigin, InsecureAction action, int redirectPort) {
    this.origin = Optional.of(newOrigin);
    this.insecure = action;
    this.redirectPort = redirectPort;
    return this;
  }

  /**
   * Nothing is served for this name, whoever adds routes: its Host object demands client
   * certificates that nobody could be asked for.
   */
  public void close() {
    closed = true;
  }

  /** Whether routes added here are never served. */
  public boolean isClosed() {
    return closed;
  }

  /**
   * Takes over what a wider virtual host does, without belonging to its Host object: its routes
   * would have answered if this more specific virtual host were not there.
   */
  public void inherit(VirtualHostBuilder wider) {
    this.insecure = wider.insecure;
    this.redirectPort = wider.redirectPort;
    this.closed = wider.closed;
    wider.routes.forEach(r -> add(r.rank(), r.route()));
  }

  /**
   * Adds a route at its place.
   *
   * @throws IllegalArgumentException if a route of that name is already here: a processor's bug
   */
  public void add(RouteRank rank, RouteSpec route) {
    if (!names.add(route.name())) {
      throw new IllegalArgumentException("route " + route.name() + " twice in " + host);
    }
    routes.add(new Ranked(rank, route));
  }

  public boolean isEmpty() {
    return routes.isEmpty();
  }

  VirtualHostSpec build() {
    List<RouteSpec> ordered =
        closed ? List.of() : routes.stream().sorted(SEARCH_ORDER).map(Ranked::route).toList();
    return new VirtualHostSpec(host, origin, insecure, redirectPort, ordered);
  }
}
