// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.ingress;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.RouteTableBuilder;
import io.selvage.gateway.translate.VirtualHostBuilder;
import io.selvage.gateway.translate.VirtualHosts;
import io.selvage.gateway.translate.ingress.IngressRules.HostRoute;
import io.selvage.model.Problem;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.RouteSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts the routes of all Ingresses into one route table and settles what two of them ask for. Which
 * host's rules answer is decided first (exact, then wildcard, then rules without a host); the path
 * search stays inside. What no path of the host takes goes to the host's own default backend, the
 * oldest one of the Ingresses with rules for it, else to the oldest default backend of all.
 *
 * <p>Virtual hosts of Host objects and Mappings are shared: one that no rule names gets the rules
 * that would have answered without it, and a host that only rules name also has the routes of the
 * most specific such virtual host around it. Confined to one compilation.
 */
final class IngressPlacement {
  private final CompileContext context;
  private final RouteTableBuilder table;
  private final Map<HostPattern, IngressHost> hosts = new HashMap<>();
  private @Nullable RouteSpec anyDefault;

  /** Everything Ingresses say about one host. */
  private static final class IngressHost {
    final List<HostRoute> routes = new ArrayList<>(2);
    final Map<String, HostRoute> byClaim = new HashMap<>(4);
    @Nullable RouteSpec ownDefault;
  }

  IngressPlacement(CompileContext context, RouteTableBuilder table) {
    this.context = context;
    this.table = table;
  }

  /** Adds one Ingress; to be called oldest first. Returns whether anything of it is served. */
  boolean add(IngressRules rules) {
    boolean serves = false;
    for (HostPattern host : rules.hosts()) {
      IngressHost at = hosts.computeIfAbsent(host, h -> new IngressHost());
      if (at.ownDefault == null && rules.defaultBackend().isPresent()) {
        at.ownDefault = rules.defaultBackend().get();
        serves = true;
      }
    }
    for (HostRoute route : rules.routes()) {
      serves |= claim(route);
    }
    if (rules.defaultBackend().isPresent()) {
      serves |= claimDefault(rules, rules.defaultBackend().get());
    }
    return serves;
  }

  private boolean claim(HostRoute wanted) {
    IngressHost host = hosts.computeIfAbsent(wanted.host(), h -> new IngressHost());
    HostRoute holder = host.byClaim.putIfAbsent(wanted.claim(), wanted);
    if (holder != null && !mayStandBeside(holder, wanted)) {
      boolean own = holder.route().origin().equals(wanted.route().origin());
      context.report(
          Problem.error(
              wanted.route().origin(),
              wanted.field() + ".path",
              "PathConflict",
              wanted.claim()
                  + " of host "
                  + hostText(wanted.host())
                  + (own
                      ? " is already there, in " + holder.route().rule()
                      : " belongs to the older " + holder.route().origin())
                  + ": this path is not served"));
      return false;
    }
    host.routes.add(wanted);
    return true;
  }

  /** {@code /foo} and {@code /foo/} of one Ingress: both stand, the longer one is found first. */
  private static boolean mayStandBeside(HostRoute holder, HostRoute wanted) {
    return holder.route().origin().equals(wanted.route().origin())
        && !holder.route().match().equals(wanted.route().match());
  }

  private static String hostText(HostPattern host) {
    return switch (host.kind()) {
      case ANY -> "* (none given)";
      case ONE_LABEL -> "*" + host.text();
      default -> host.toString();
    };
  }

  private boolean claimDefault(IngressRules rules, RouteSpec wanted) {
    RouteSpec holder = anyDefault;
    if (holder == null) {
      anyDefault = wanted;
      return true;
    }
    ObjectRef older = holder.origin();
    String message =
        "the default backend of the older " + older + " takes requests that match no rule";
    boolean ownHosts = !rules.hosts().isEmpty();
    context.report(
        ownHosts
            ? Problem.warning(
                rules.ingress().ref(),
                "spec.defaultBackend",
                "DefaultBackendConflict",
                message + "; this one takes only those to hosts of its own rules")
            : Problem.error(
                rules.ingress().ref(),
                "spec.defaultBackend",
                "DefaultBackendConflict",
                message + "; this one is not served"));
    return false;
  }

  /** Moves what was gathered into the table's virtual hosts. */
  void finish() {
    List<VirtualHostBuilder> before = List.copyOf(table.virtualHosts());
    // All new virtual hosts first: once filled, a wider one holds Ingress rules too, which must
    // not be searched for a host that has rules of its own.
    for (HostPattern pattern : hosts.keySet()) {
      if (table.find(pattern).isEmpty()) {
        VirtualHostBuilder virtualHost = table.virtualHost(pattern);
        VirtualHosts.mostSpecificCovering(before, pattern).ifPresent(virtualHost::inherit);
      }
    }
    hosts.forEach((pattern, host) -> fill(table.virtualHost(pattern), host));
    for (VirtualHostBuilder virtualHost : before) {
      if (!hosts.containsKey(virtualHost.host())) {
        fill(virtualHost, widerHost(virtualHost.host()).orElseGet(IngressHost::new));
      }
    }
    if (anyDefault != null && table.find(HostPattern.any()).isEmpty()) {
      fill(table.virtualHost(HostPattern.any()), new IngressHost());
    }
  }

  private void fill(VirtualHostBuilder virtualHost, IngressHost host) {
    if (virtualHost.isClosed()) {
      // A wider rule that merely covers the name loses nothing it asked for by name.
      host.routes.stream()
          .filter(route -> route.host().equals(virtualHost.host()))
          .forEach(route -> reportClosed(virtualHost, route));
      return;
    }
    host.routes.forEach(r -> virtualHost.add(r.rank(), r.route()));
    RouteSpec fallback = host.ownDefault != null ? host.ownDefault : anyDefault;
    if (fallback != null) {
      virtualHost.add(IngressRules.DEFAULT_RANK, fallback);
    }
  }

  private void reportClosed(VirtualHostBuilder virtualHost, HostRoute route) {
    context.report(
        Problem.error(
            route.route().origin(),
            route.field() + ".path",
            "HostClosed",
            virtualHost.origin().map(ObjectRef::toString).orElse("a Host")
                + " demands client certificates for "
                + hostText(virtualHost.host())
                + " that cannot be checked: this path is not served"));
  }

  /** The most specific host with rules that would have answered every name of {@code pattern}. */
  private Optional<IngressHost> widerHost(HostPattern pattern) {
    return hosts.keySet().stream()
        .filter(wide -> VirtualHosts.covers(wide, pattern))
        .min(VirtualHosts.MOST_SPECIFIC_FIRST)
        .map(hosts::get);
  }
}
