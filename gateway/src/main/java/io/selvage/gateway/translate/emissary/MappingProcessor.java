// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.Processor;
import io.selvage.gateway.translate.RouteTableBuilder;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.crd.Mapping;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Mapping: translated one by one, attached to the virtual hosts of the Hosts that accept it,
 * grouped there with the Mappings of the same requests, and put in order.
 */
public final class MappingProcessor implements Processor {
  @Override
  public String name() {
    return "mapping";
  }

  @Override
  public void process(CompileContext context) {
    var world = EmissaryWorld.of(context);
    List<Mapping> mappings = world.mine(EmissaryKinds.MAPPING);
    var translator = new MappingTranslator(world.resolvers(), world.upstreams(), world.module());
    var plans = new ArrayList<MappingPlan>();
    Set<ObjectRef> attached = new HashSet<>();
    Set<ObjectRef> served = new HashSet<>();
    context.each(
        mappings,
        mapping ->
            translator.translate(mapping, world.findings(mapping.ref())).ifPresent(plans::add));
    var candidates = new Candidates(plans);
    for (RouteTableBuilder table : context.routeTables()) {
      world
          .hosts(table)
          .byPattern()
          .forEach((pattern, hosts) -> {
            var accepted =
                candidates
                    .of(pattern)
                    .filter(p -> hosts.stream().anyMatch(h -> h.accepts(p)))
                    .toList();
            accepted.forEach(p -> attached.add(p.ref()));
            served.addAll(fill(world, table, pattern, accepted));
          });
    }
    for (MappingPlan plan : plans) {
      if (!attached.contains(plan.ref())) {
        reportUnattached(plan, world.findings(plan.ref()));
      }
    }
    for (Mapping mapping : mappings) {
      world.conclude(mapping, served.contains(mapping.ref()) ? State.RUNNING : State.INACTIVE);
    }
  }

  private static Set<ObjectRef> fill(
      EmissaryWorld world, RouteTableBuilder table, HostPattern pattern, List<MappingPlan> plans) {
    var served = new HashSet<ObjectRef>();
    for (MappingGroup group : MappingGroup.form(plans, p -> world.findings(p.ref()))) {
      // A group shares one route, so its members share a fault of ours in making it, and nobody
      // else does.
      List<MappingPlan> members = group.members();
      world
          .context()
          .guardAll(
              members.stream().map(MappingPlan::ref).toList(),
              () -> {
                var route = group.route(group.leader().ref().toString(), pattern);
                table.virtualHost(pattern).add(group.leader().match().rank(), route);
                for (MappingPlan member : members) {
                  member
                      .cluster()
                      .ifPresent(name -> world.context().cluster(world.upstreams().cluster(name)));
                  served.add(member.ref());
                }
              });
    }
    return served;
  }

  private static void reportUnattached(MappingPlan plan, Findings findings) {
    String why =
        switch (plan.match().host()) {
          case HostCondition.Unset u -> "it has no hostname, and no Host selects it by its labels";
          case HostCondition.Glob(HostPattern glob) ->
              "no Host on an open HTTP port answers to " + glob + " and selects it";
          case HostCondition.Regex r -> "there is no Host on an open HTTP port";
        };
    findings.error("spec.hostname", "NoHost", why);
  }

  /** Plans by exact hostname, so that a thousand Hosts do not each look at every Mapping. */
  private static final class Candidates {
    private final List<MappingPlan> all;
    private final List<MappingPlan> others = new ArrayList<>();
    private final Map<String, List<MappingPlan>> byName = new HashMap<>();

    Candidates(List<MappingPlan> all) {
      this.all = all;
      for (MappingPlan plan : all) {
        if (plan.match().host() instanceof HostCondition.Glob(HostPattern p)
            && p.kind() == HostPattern.Kind.EXACT) {
          byName.computeIfAbsent(p.text(), n -> new ArrayList<>()).add(plan);
        } else {
          others.add(plan);
        }
      }
    }

    /** Everything that could be accepted by a Host of this pattern. */
    Stream<MappingPlan> of(HostPattern host) {
      return host.kind() == HostPattern.Kind.EXACT
          ? Stream.concat(byName.getOrDefault(host.text(), List.of()).stream(), others.stream())
          : all.stream();
    }
  }
}
