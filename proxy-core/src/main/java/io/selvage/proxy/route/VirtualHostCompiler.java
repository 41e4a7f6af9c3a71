// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.Problem;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.proxy.upstream.Cluster;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Compiles one virtual host. A route that cannot be compiled is left out and reported. */
final class VirtualHostCompiler {
  private final ClusterLookup clusters;
  private final Map<String, Cluster> used = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();

  private VirtualHostCompiler(ClusterLookup clusters) {
    this.clusters = clusters;
  }

  static VirtualHost compile(VirtualHostSpec spec, ClusterLookup clusters) {
    return new VirtualHostCompiler(clusters).compile(spec);
  }

  private VirtualHost compile(VirtualHostSpec spec) {
    var routes = new ArrayList<CompiledRoute>(spec.routes().size());
    for (int i = 0; i < spec.routes().size(); i++) {
      RouteSpec route = spec.routes().get(i);
      try {
        routes.add(compile(route, i));
      } catch (BadRouteException e) {
        problems.add(Problem.error(route.origin(), route.rule(), e.reason(), e.text()));
      }
    }
    return new VirtualHost(spec, routes, used, problems);
  }

  private CompiledRoute compile(RouteSpec route, int order) {
    var actions = new ArrayList<CompiledAction>(route.targets().size());
    for (RouteSpec.Target target : route.targets()) {
      try {
        actions.add(compile(target.action(), route));
      } catch (BadRouteException e) {
        // Its share of the traffic is answered 500 rather than given to the other members, which
        // would hide the mistake and overload them.
        problems.add(Problem.error(target.origin(), route.rule(), e.reason(), e.text()));
        actions.add(new RespondAction(new RouteAction.Respond(500, "", "", "config_error")));
      }
    }
    return new CompiledRoute(route, order, actions);
  }

  private CompiledAction compile(RouteAction action, RouteSpec route) {
    return switch (action) {
      case RouteAction.Forward forward ->
          new ForwardAction(forward, route.match().path(), this::find);
      case RouteAction.Redirect redirect -> new RedirectAction(redirect, route.match().path());
      case RouteAction.Respond respond -> new RespondAction(respond);
    };
  }

  private @Nullable Cluster find(String name) {
    Cluster cluster = clusters.find(name);
    if (cluster != null) {
      used.put(name, cluster);
    }
    return cluster;
  }
}
