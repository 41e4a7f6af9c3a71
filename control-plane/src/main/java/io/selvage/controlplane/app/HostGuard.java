// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Refuses requests for names that are not this port's. A web site may let its name stand for a
 * loopback address (DNS rebinding), and its scripts would then read the API in the name of whoever
 * looks at that site; the Host field still says which name was meant.
 */
final class HostGuard {
  private static final String SVC = "svc.";

  /** Of the cluster; empty outside of any. */
  private final String clusterDomain;

  /**
   * @param clusterDomain of the cluster's Services, such as {@code cluster.local}; empty = unknown
   */
  HostGuard(String clusterDomain) {
    this.clusterDomain = clusterDomain.toLowerCase(Locale.ROOT);
  }

  /**
   * The cluster's domain, as the kubelet writes it into a pod's {@code resolv.conf}: the search
   * entry that begins with {@code svc.} (Kubernetes, "DNS for Services and Pods").
   *
   * @return empty if there is none
   */
  static String clusterDomain(Path resolverFile) {
    try {
      for (String line : Files.readAllLines(resolverFile)) {
        String[] words = line.strip().split("\\s+", -1);
        for (int i = 1; i < words.length; i++) {
          if (words[0].equals("search")
              && words[i].startsWith(SVC)
              && words[i].length() > SVC.length()) {
            String domain = words[i].substring(SVC.length());
            return domain.endsWith(".") ? domain.substring(0, domain.length() - 1) : domain;
          }
        }
      }
    } catch (IOException | UncheckedIOException e) {
      // There need not be such a file.
    }
    return "";
  }

  void handle(RoutingContext call) {
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
  boolean isOurs(String host) {
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
        || name.endsWith(".svc.cluster.local")
        || !clusterDomain.isEmpty() && name.endsWith(".svc." + clusterDomain)) {
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
