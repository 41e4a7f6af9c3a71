// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.snapshot;

import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.TlsBinding;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.route.RouteTable;
import io.selvage.proxy.tls.ServerNames;
import org.jspecify.annotations.Nullable;

/** What a snapshot serves on one listener. Immutable. */
public final class ServedListener {
  private final ListenerSpec spec;
  private final @Nullable RouteTable routeTable;
  private final ServerNames<TlsBinding> bindings;
  private final boolean asksForCertificates;

  /**
   * @param routeTable null for a listener without HTTP, or whose table the model lacks
   */
  public ServedListener(ListenerSpec spec, @Nullable RouteTable routeTable) {
    this.spec = spec;
    this.routeTable = routeTable;
    this.bindings = ServerNames.of(spec.tlsBindings(), TlsBinding::serverNames);
    this.asksForCertificates =
        spec.tlsBindings().stream().anyMatch(binding -> binding.clientAuth().isPresent());
  }

  public ListenerSpec spec() {
    return spec;
  }

  public @Nullable RouteTable routeTable() {
    return routeTable;
  }

  /**
   * True if a request for {@code host} must not be served on this connection, because the host's
   * certificate binding is another one than the connection was made with: HTTP/2 clients share
   * connections between names, and a client certificate shown for one name says nothing about
   * another (RFC 9110 section 15.5.20).
   */
  public boolean isMisdirected(ConnectionInfo connection, String host) {
    if (connection.tlsBinding() == null
        || connection.version() != HttpVersion.HTTP_2 && !asksForCertificates) {
      return false;
    }
    TlsBinding wanted = bindings.lookup(host);
    // A name without a binding of its own would get no certificate at all: it is not served here.
    return wanted == null || !wanted.name().equals(connection.tlsBinding());
  }
}
