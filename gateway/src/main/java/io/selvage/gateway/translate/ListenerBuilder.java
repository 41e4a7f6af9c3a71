// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import io.selvage.model.routing.TcpRoute;
import io.selvage.model.routing.TlsBinding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A listener while processors add to it. Confined to the compiling thread. */
public final class ListenerBuilder {
  private final ListenerSpec base;
  private final Admission admission;
  private final Optional<RouteTableBuilder> routeTable;
  private final List<TlsBinding> bindings = new ArrayList<>();
  private final List<TcpRoute> tcpRoutes = new ArrayList<>();
  private final Map<HostPattern, TlsBinding> byServerName = new HashMap<>();

  /**
   * A server name that is bound already.
   *
   * @param holder the binding that has it
   */
  public record Taken(HostPattern serverName, TlsBinding holder) {}

  ListenerBuilder(ListenerSpec base, Admission admission, Optional<RouteTableBuilder> routeTable) {
    this.base = base;
    this.admission = admission;
    this.routeTable = routeTable;
    bindings.addAll(base.tlsBindings());
    tcpRoutes.addAll(base.tcpRoutes());
  }

  /** The listener as it was added: address, port and so on. */
  public ListenerSpec base() {
    return base;
  }

  public Admission admission() {
    return admission;
  }

  /** Where its virtual hosts are; empty for a raw TCP listener. */
  public Optional<RouteTableBuilder> routeTable() {
    return routeTable;
  }

  /** True if it terminates TLS, always or where a client begins with it. */
  public boolean speaksTls() {
    return base.tls() != TlsMode.OFF;
  }

  /**
   * Binds a certificate to its server names. A name that is bound already stays where it is: the
   * first one wins, so processors call this in the order of their objects' claims.
   *
   * @return the names that another binding holds with another certificate or other settings
   */
  public List<Taken> bind(TlsBinding wanted) {
    var taken = new ArrayList<Taken>();
    var free = new ArrayList<HostPattern>();
    for (HostPattern name : wanted.serverNames()) {
      TlsBinding holder = byServerName.get(name);
      if (holder == null) {
        free.add(name);
      } else if (!sameService(holder, wanted)) {
        taken.add(new Taken(name, holder));
      }
    }
    if (!free.isEmpty()) {
      var binding =
          new TlsBinding(
              wanted.name(),
              wanted.origin(),
              free,
              wanted.certificate(),
              wanted.clientAuth(),
              wanted.alpn(),
              wanted.minVersion(),
              wanted.maxVersion(),
              wanted.cipherSuites(),
              wanted.curves());
      free.forEach(name -> byServerName.put(name, binding));
      bindings.add(binding);
    }
    return taken;
  }

  private static boolean sameService(TlsBinding a, TlsBinding b) {
    return a.certificate().equals(b.certificate())
        && a.clientAuth().equals(b.clientAuth())
        && a.alpn().equals(b.alpn())
        && a.minVersion().equals(b.minVersion())
        && a.maxVersion().equals(b.maxVersion())
        && a.cipherSuites().equals(b.cipherSuites())
        && a.curves().equals(b.curves());
  }

  /** Bindings so far. */
  public List<TlsBinding> bindings() {
    return List.copyOf(bindings);
  }

  public void addTcpRoute(TcpRoute route) {
    tcpRoutes.add(route);
  }

  public List<TcpRoute> tcpRoutes() {
    return List.copyOf(tcpRoutes);
  }

  ListenerSpec build() {
    return new ListenerSpec(
        base.name(),
        base.origin(),
        base.address(),
        base.port(),
        base.proxyProtocol(),
        base.tls(),
        base.http(),
        base.securityModel(),
        base.trustedHops(),
        routeTable.map(RouteTableBuilder::name).orElse(""),
        bindings,
        tcpRoutes,
        base.http2MaxConcurrentStreams(),
        base.statsPrefix());
  }
}
