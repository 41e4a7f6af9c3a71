// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.net.InetAddress;
import java.util.Locale;

/**
 * Refuses requests for names that are not this port's. A web site may let its name stand for a
 * loopback address (DNS rebinding), and its scripts would then read the API in the name of whoever
 * looks at that site; the Host field still says which name was meant.
 */
final class HostGuard {
  private HostGuard() {}

  static void handle(RoutingContext call) {
    HostAndPort authority = call.request().authority();
    if (authority == null || !isOurs(authority.host())) {
      call.response()
          .setStatusCode(421)
          .putHeader("content-type", "application/json")
          .end("{\"error\":\"asked for by a name that is not the control plane's\"}");
    } else {
      call.next();
    }
  }

  /** Addresses, names without a dot, and those of Services: nobody else can own one of them. */
  static boolean isOurs(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    if (name.startsWith("[") && name.endsWith("]")) {
      name = name.substring(1, name.length() - 1);
    }
    if (name.isEmpty()) {
      return false;
    }
    if (name.indexOf('.') < 0 && name.indexOf(':') < 0
        || name.endsWith(".localhost")
        || name.endsWith(".svc")
        || name.endsWith(".svc.cluster.local")) {
      return true;
    }
    try {
      InetAddress.ofLiteral(name);
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }
}
