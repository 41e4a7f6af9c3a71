// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.emissary.MappingPlan.Effect;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.RouteSpec.Target;
import io.selvage.model.routing.Shadow;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Mappings of one virtual host that claim the same requests: they share them by weight. The oldest
 * member leads; a later one that contradicts it is left out with a problem naming both. Confined to
 * the compiling thread.
 */
final class MappingGroup {
  private final MappingPlan leader;
  private final List<MappingPlan> routes = new ArrayList<>();
  private Optional<MappingPlan> shadow = Optional.empty();
  private Optional<MappingPlan> redirect = Optional.empty();

  private MappingGroup(MappingPlan leader) {
    this.leader = leader;
  }

  /**
   * Forms the groups of a virtual host.
   *
   * @param findings where to report what a plan's object did wrong
   */
  static List<MappingGroup> form(
      Collection<MappingPlan> plans, Function<MappingPlan, Findings> findings) {
    Map<String, MappingGroup> groups = new LinkedHashMap<>();
    plans.stream()
        .sorted(MappingPlan.OLDEST_FIRST)
        .forEach(plan ->
            groups
                .computeIfAbsent(plan.match().groupKey(), k -> new MappingGroup(plan))
                .add(plan, findings.apply(plan)));
    for (var group : groups.values()) {
      group.checkComplete(findings);
    }
    return groups.values().stream().filter(g -> !g.isEmpty()).toList();
  }

  MappingPlan leader() {
    return leader;
  }

  /** Everyone whose Mapping takes part. */
  List<MappingPlan> members() {
    var members = new ArrayList<>(routes);
    redirect.ifPresent(members::add);
    shadow.ifPresent(members::add);
    return members;
  }

  private boolean isEmpty() {
    return routes.isEmpty() && redirect.isEmpty();
  }

  private void add(MappingPlan plan, Findings findings) {
    var mismatched = leader.disagreements(plan);
    if (!mismatched.isEmpty()) {
      findings.error(
          "spec." + mismatched.getFirst(),
          "GroupMismatch",
          plan.ref()
              + " matches the same requests as "
              + leader.ref()
              + " but differs in "
              + String.join(", ", mismatched)
              + "; it is left out");
      return;
    }
    switch (plan.effect()) {
      case Effect.Copy copy -> {
        if (shadow.isPresent()) {
          refuse(plan, "is a second shadow after", shadow.get(), findings);
        } else {
          shadow = Optional.of(plan);
        }
      }
      case Effect.Redirect r -> {
        if (redirect.isPresent()) {
          refuse(plan, "is a second host_redirect after", redirect.get(), findings);
        } else if (!routes.isEmpty()) {
          refuse(plan, "redirects what is already routed by", routes.getFirst(), findings);
        } else {
          redirect = Optional.of(plan);
        }
      }
      case Effect.Route route -> {
        if (redirect.isPresent()) {
          refuse(plan, "routes what is already redirected by", redirect.get(), findings);
        } else {
          routes.add(plan);
        }
      }
    }
  }

  private static void refuse(MappingPlan plan, String claim, MappingPlan first, Findings findings) {
    findings.error(
        "spec", "Conflict", plan.ref() + " " + claim + " " + first.ref() + "; it is left out");
  }

  private void checkComplete(Function<MappingPlan, Findings> findings) {
    if (routes.isEmpty() && shadow.isPresent()) {
      var s = shadow.get();
      findings
          .apply(s)
          .error(
              "spec.shadow",
              "ShadowWithoutRoute",
              s.ref() + " copies requests that no other Mapping routes; it is left out");
    }
    int sum = routes.stream().mapToInt(p -> p.weight().orElse(0)).sum();
    if (routes.size() > 1 && sum > 100) {
      String members = String.join(", ", routes.stream().map(p -> p.ref().toString()).toList());
      for (var plan : routes) {
        findings
            .apply(plan)
            .error(
                "spec.weight",
                "WeightSum",
                "the weights of " + members + " sum to " + sum + ", more than 100");
      }
    }
  }

  /**
   * The route of this group in a virtual host.
   *
   * @param name unique in the virtual host
   */
  RouteSpec route(String name, HostPattern virtualHost) {
    List<Target> targets;
    if (redirect.isPresent()) {
      var r = redirect.get();
      targets = List.of(new Target(r.ref(), 100, ((Effect.Redirect) r.effect()).action()));
    } else {
      targets = targets();
    }
    return new RouteSpec(name, leader.ref(), "", leader.match().within(virtualHost), targets);
  }

  private List<Target> targets() {
    var shares = shares(routes.stream().map(MappingPlan::weight).toList());
    List<Shadow> shadows =
        shadow
            .map(s ->
                s.effect() instanceof Effect.Copy(Shadow copy) ? List.of(copy) : List.<Shadow>of())
            .orElse(List.of());
    var targets = new ArrayList<Target>();
    // Thresholds are handed out to weighted members first, then to the others.
    for (boolean weighted : new boolean[] {true, false}) {
      for (int i = 0; i < routes.size(); i++) {
        var plan = routes.get(i);
        if (plan.weight().isPresent() == weighted
            && plan.effect() instanceof Effect.Route(RouteAction action)) {
          targets.add(new Target(plan.ref(), shares.get(i), withShadows(action, shadows)));
        }
      }
    }
    return targets;
  }

  /**
   * Shares in percent (ingress.md 1.6). One member has everything, whatever its weight. Members
   * without weight divide what is left equally, rounded, and the last one takes the rest. Weights
   * beyond 100 leave nothing to later members; if all have one and the sum is below 100, the
   * difference falls through to less specific routes.
   */
  static List<Integer> shares(List<Optional<Integer>> weights) {
    if (weights.size() == 1) {
      return List.of(100);
    }
    var shares = new ArrayList<Integer>();
    int used = 0;
    int open = 0;
    for (var weight : weights) {
      int share = Math.min(weight.orElse(0), 100 - used);
      used += share;
      open += weight.isPresent() ? 0 : 1;
      shares.add(share);
    }
    int left = 100 - used;
    int each = open == 0 ? 0 : (int) Math.rint((double) left / open);
    for (int i = 0; i < weights.size(); i++) {
      if (weights.get(i).isEmpty()) {
        open--;
        int share = open == 0 ? left : Math.min(each, left);
        left -= share;
        shares.set(i, share);
      }
    }
    return List.copyOf(shares);
  }

  private static RouteAction withShadows(RouteAction action, List<Shadow> shadows) {
    if (shadows.isEmpty() || !(action instanceof RouteAction.Forward f)) {
      return action;
    }
    return new RouteAction.Forward(
        f.cluster(),
        f.pathRewrite(),
        f.host(),
        f.requestHeaders(),
        f.responseHeaders(),
        f.timeouts(),
        f.retry(),
        f.affinity(),
        f.upgrades(),
        shadows,
        f.cors(),
        f.priority(),
        f.maxRequestBodyBytes(),
        f.errorResponses());
  }
}
