// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.TcpRoute;
import io.selvage.proxy.tls.ServerNames;
import io.selvage.proxy.tls.TlsBindings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A listener's settings, compiled: what a new connection is judged by. Replaced as a whole.
 *
 * @param spec as configured
 * @param bindings certificates
 * @param tcpRoutes raw routes by SNI; the default is the whole port's
 * @param routesBySni whether any raw route names an SNI, so that the ClientHello must be read
 * @param codec what codecs get
 */
record LiveListener(
    ListenerSpec spec,
    TlsBindings bindings,
    ServerNames<TcpRoute> tcpRoutes,
    boolean routesBySni,
    ServerCodecContext codec) {

  static LiveListener of(ListenerSpec spec, TlsBindings bindings, ServerCodecContext codec) {
    List<TcpRoute> routes = spec.tcpRoutes();
    return new LiveListener(
        spec,
        bindings,
        ServerNames.of(routes, TcpRoute::serverNames),
        routes.stream().anyMatch(route -> !route.serverNames().isEmpty()),
        codec);
  }

  /**
   * The raw route that takes every connection unseen, so that servers that speak first are reached
   * at once; null when bytes must be read to decide.
   */
  @Nullable TcpRoute unseenRoute() {
    TcpRoute route = tcpRoutes.fallback();
    boolean unseen = route != null && !routesBySni && route.tls() == TcpRoute.Tls.PASSTHROUGH;
    return unseen ? route : null;
  }

  /** Whether a connection that begins with a TLS record is read as TLS. */
  boolean readsTls() {
    return spec.tls() != ListenerSpec.TlsMode.OFF || routesBySni || terminatesWholePort();
  }

  /** Whether anything but TLS is refused. */
  boolean requiresTls() {
    return spec.tls() == ListenerSpec.TlsMode.REQUIRED || terminatesWholePort();
  }

  private boolean terminatesWholePort() {
    TcpRoute route = tcpRoutes.fallback();
    return route != null && route.tls() == TcpRoute.Tls.TERMINATE;
  }
}
