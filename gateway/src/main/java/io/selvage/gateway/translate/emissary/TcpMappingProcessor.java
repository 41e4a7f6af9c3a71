// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.Admission;
import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.DefaultListeners;
import io.selvage.gateway.translate.ListenerBuilder;
import io.selvage.gateway.translate.Processor;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.SecurityModel;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import io.selvage.model.routing.TcpRoute;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * TCPMapping: bytes of a port, or of one server name on it. Where a Host or TLSContext terminates
 * that name its certificate is used; otherwise the TLS stream is passed through by its server name,
 * which Emissary cannot do. A port that no Listener opens is opened.
 */
public final class TcpMappingProcessor implements Processor {
  @Override
  public String name() {
    return "tcp-mapping";
  }

  @Override
  public void process(CompileContext context) {
    var world = EmissaryWorld.of(context);
    // By port, then by what the route is for; the whole port comes as the empty name.
    Map<Integer, Map<String, List<TcpMappingPlan>>> ports = new TreeMap<>();
    context.each(
        world.mine(EmissaryKinds.TCP_MAPPING),
        mapping -> {
          var findings = world.findings(mapping.ref());
          var plan = TcpMappingPlan.read(mapping, world, findings);
          if (plan.isEmpty()) {
            world.conclude(mapping, State.INACTIVE);
            return;
          }
          String name = plan.get().serverName().map(HostPattern::toString).orElse("");
          ports
              .computeIfAbsent(plan.get().port(), p -> new TreeMap<>())
              .computeIfAbsent(name, n -> new ArrayList<>(1))
              .add(plan.get());
        });
    ports.forEach((port, routes) -> serve(world, port, routes));
  }

  private static void serve(
      EmissaryWorld world, int port, Map<String, List<TcpMappingPlan>> routes) {
    var existing =
        world.context().listeners().stream().filter(l -> l.base().port() == port).findFirst();
    var listener = existing.orElseGet(() -> open(world, port, routes));
    for (List<TcpMappingPlan> members : routes.values()) {
      var leader = members.getFirst();
      var obstacle = obstacle(listener, leader);
      reportWeights(world, members);
      if (obstacle.isEmpty()) {
        listener.addTcpRoute(route(listener, members));
        members.forEach(m -> world.context().cluster(world.upstreams().cluster(m.cluster())));
      }
      for (TcpMappingPlan member : members) {
        var findings = world.findings(member.mapping().ref());
        obstacle.ifPresent(text -> findings.error("spec.port", "Conflict", text));
        reportAddress(listener, member, findings);
        world.conclude(member.mapping(), obstacle.isEmpty() ? State.RUNNING : State.INACTIVE);
      }
    }
  }

  /** A port is opened once, on the address of whoever opens it. */
  private static void reportAddress(
      ListenerBuilder listener, TcpMappingPlan plan, Findings findings) {
    String opened = listener.base().address();
    plan.address()
        .filter(wanted -> !wanted.equals(opened))
        .ifPresent(wanted ->
            findings.warning(
                "spec.address",
                "Conflict",
                "port "
                    + plan.port()
                    + " is opened on "
                    + opened
                    + " by "
                    + listener.base().name()
                    + ", not on "
                    + wanted));
  }

  private static void reportWeights(EmissaryWorld world, List<TcpMappingPlan> members) {
    int sum = members.stream().mapToInt(m -> m.weight().orElse(0)).sum();
    if (members.size() > 1 && sum > 100) {
      members.forEach(m ->
          world
              .findings(m.mapping().ref())
              .part(
                  "spec.weight",
                  "WeightSum",
                  "the weights for this port and host sum to " + sum + ", more than 100"));
    }
  }

  /** Why a route cannot be taken on a port that a Listener opened for something else. */
  private static Optional<String> obstacle(ListenerBuilder listener, TcpMappingPlan plan) {
    String port = "port " + plan.port() + ", opened by " + listener.base().name() + ", ";
    if (plan.serverName().isEmpty() && listener.base().http()) {
      return Optional.of(port + "serves HTTP; give the TCPMapping a host or another port");
    }
    if (plan.serverName().isPresent() && listener.base().http() && !listener.speaksTls()) {
      return Optional.of(port + "does not speak TLS, so there is no server name to route by");
    }
    return Optional.empty();
  }

  /** A listener for a port nobody opened: TLS by server name, plain bytes for a whole port. */
  private static ListenerBuilder open(
      EmissaryWorld world, int port, Map<String, List<TcpMappingPlan>> routes) {
    var options = world.context().options();
    var first = routes.values().iterator().next().getFirst();
    boolean whole = routes.containsKey("");
    boolean named = routes.size() > 1 || !whole;
    // A whole port must not wait for a first byte: in some protocols the server speaks first. With
    // both kinds there is no other way: TLS goes by its name, the rest by the port.
    TlsMode tls = named ? (whole ? TlsMode.DETECT : TlsMode.REQUIRED) : TlsMode.OFF;
    var base =
        new ListenerSpec(
            "tcpmapping/" + port,
            Optional.of(first.mapping().ref()),
            first.address().orElse(options.address()),
            port,
            false,
            tls,
            false,
            SecurityModel.XFP,
            0,
            "",
            List.of(),
            List.of(),
            DefaultListeners.HTTP2_MAX_CONCURRENT_STREAMS,
            "ingress_tcp_" + port);
    return world.context().addTcpListener(base, Admission.all());
  }

  private static TcpRoute route(ListenerBuilder listener, List<TcpMappingPlan> members) {
    var leader = members.getFirst();
    var names = leader.serverName().map(List::of).orElse(List.of());
    boolean terminate =
        leader.serverName().isPresent()
            && listener.bindings().stream()
                .flatMap(b -> b.serverNames().stream())
                .anyMatch(n -> HostGlob.covers(n, leader.serverName().get()));
    var shares = MappingGroup.shares(members.stream().map(TcpMappingPlan::weight).toList());
    var backends = new ArrayList<TcpRoute.Backend>();
    for (int i = 0; i < members.size(); i++) {
      backends.add(new TcpRoute.Backend(members.get(i).cluster(), shares.get(i)));
    }
    return new TcpRoute(
        leader.mapping().ref().toString(),
        leader.mapping().ref(),
        names,
        terminate ? TcpRoute.Tls.TERMINATE : TcpRoute.Tls.PASSTHROUGH,
        backends,
        leader.idleMillis());
  }
}
