// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.ingress;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.HostNames;
import io.selvage.gateway.translate.RouteRank;
import io.selvage.model.Problem;
import io.selvage.model.kube.Ingress;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.RouteSpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One Ingress, translated by itself: what it asks for, before rivals are heard.
 *
 * @param ingress the object
 * @param hosts every host it has a rule for, even one whose paths were all rejected
 * @param routes by rule and path
 * @param defaultBackend what it does with a request that matches no rule
 */
record IngressRules(
    Ingress ingress,
    Set<HostPattern> hosts,
    List<HostRoute> routes,
    Optional<RouteSpec> defaultBackend) {

  /**
   * A route and where it belongs.
   *
   * @param claim what no other Ingress may ask for at the same host
   */
  record HostRoute(HostPattern host, String claim, String field, RouteRank rank, RouteSpec route) {}

  /** Comes after every route that has a path of its own. */
  static final RouteRank DEFAULT_RANK = new RouteRank(RouteRank.LAST, 0, 0, 0, "");

  static IngressRules translate(
      CompileContext context, IngressBackends backends, Ingress ingress, Dialect dialect) {
    return new Translation(context, backends, ingress, dialect).translate();
  }

  private record Translation(
      CompileContext context, IngressBackends backends, Ingress ingress, Dialect dialect) {

    IngressRules translate() {
      var hosts = new LinkedHashSet<HostPattern>();
      var routes = new ArrayList<HostRoute>();
      List<Ingress.Rule> rules = ingress.spec().rules();
      for (int r = 0; r < rules.size(); r++) {
        addRule(r, rules.get(r), hosts, routes);
      }
      Optional<RouteSpec> defaultBackend =
          Optional.ofNullable(ingress.spec().defaultBackend())
              .map(backend ->
                  route(
                      "defaultBackend",
                      new PathMatch.Prefix("/", true),
                      backends.action(
                          ingress, dialect, "spec.defaultBackend", backend, Optional.empty())));
      return new IngressRules(ingress, hosts, routes, defaultBackend);
    }

    private void addRule(
        int index, Ingress.Rule rule, Set<HostPattern> hosts, List<HostRoute> routes) {
      String field = "spec.rules[" + index + "]";
      String text = rule.host() == null ? "" : rule.host();
      Optional<HostPattern> host = HostNames.ingressHost(text);
      if (host.isEmpty()) {
        report(
            field + ".host",
            "HostInvalid",
            "host " + text + " is neither a DNS name nor *. and a DNS name");
        return;
      }
      hosts.add(host.get());
      if (rule.http() == null) {
        return;
      }
      List<Ingress.Path> paths = rule.http().paths();
      for (int p = 0; p < paths.size(); p++) {
        addPath("rules[" + index + "].paths[" + p + "]", field, p, host.get(), paths, routes);
      }
    }

    private void addPath(
        String name,
        String ruleField,
        int index,
        HostPattern host,
        List<Ingress.Path> paths,
        List<HostRoute> routes) {
      Ingress.Path wanted = paths.get(index);
      String field = ruleField + ".http.paths[" + index + "]";
      switch (IngressPath.parse(wanted)) {
        case IngressPath.Parsed.Invalid(String part, String reason, String message) ->
            report(field + "." + part, reason, message + ": this path is not served");
        case IngressPath.Parsed.Valid(IngressPath path) -> {
          RouteAction action =
              backends.action(
                  ingress,
                  dialect,
                  field + ".backend",
                  wanted.backend(),
                  Optional.of(path.match()));
          RouteSpec route = route(name, path.match(), action);
          routes.add(new HostRoute(host, path.claim(), field, path.rank(route.name()), route));
        }
      }
    }

    private RouteSpec route(String rule, PathMatch match, RouteAction action) {
      ObjectRef origin = ingress.ref();
      return new RouteSpec(
          "ingress/" + origin.namespace() + "/" + origin.name() + "/" + rule,
          origin,
          rule,
          RouteMatch.path(match),
          List.of(new RouteSpec.Target(origin, 100, action)));
    }

    private void report(String field, String reason, String message) {
      context.report(Problem.error(ingress.ref(), field, reason, message));
    }
  }
}
