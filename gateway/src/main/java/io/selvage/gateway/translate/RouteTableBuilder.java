// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.VirtualHostSpec;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A route table while processors add to it. Listeners that admit the same objects share one.
 * Confined to the compiling thread.
 */
public final class RouteTableBuilder {
  private static final Comparator<VirtualHostSpec> BY_PATTERN =
      Comparator.comparing((VirtualHostSpec v) -> v.host().kind())
          .thenComparing(v -> v.host().text());

  private final String name;
  private final Admission admission;
  private final Map<HostPattern, VirtualHostBuilder> hosts = new HashMap<>();

  RouteTableBuilder(String name, Admission admission) {
    this.name = name;
    this.admission = admission;
  }

  /** Key of the finished table. */
  public String name() {
    return name;
  }

  /** Which objects may put routes here. */
  public Admission admission() {
    return admission;
  }

  /** The virtual host of exactly this pattern, made on first use. */
  public VirtualHostBuilder virtualHost(HostPattern host) {
    return hosts.computeIfAbsent(host, VirtualHostBuilder::new);
  }

  /** The virtual host of exactly this pattern, if there is one yet. */
  public Optional<VirtualHostBuilder> find(HostPattern host) {
    return Optional.ofNullable(hosts.get(host));
  }

  /** All virtual hosts there are so far, in no particular order. */
  public Collection<VirtualHostBuilder> virtualHosts() {
    return Collections.unmodifiableCollection(hosts.values());
  }

  RouteTableSpec build() {
    return new RouteTableSpec(
        name, hosts.values().stream().map(VirtualHostBuilder::build).sorted(BY_PATTERN).toList());
  }
}
