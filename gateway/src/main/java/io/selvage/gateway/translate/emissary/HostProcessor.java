// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.ListenerBuilder;
import io.selvage.gateway.translate.Processor;
import io.selvage.gateway.translate.RouteTableBuilder;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.crd.Host;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.TlsBinding;
import io.selvage.model.routing.VirtualHostSpec.InsecureAction;
import java.util.List;
import java.util.Optional;

/**
 * Host: a virtual host on every listener that admits it, and its certificate where the listener
 * speaks TLS. Without any Host a wildcard is made up, so that Mappings alone are enough.
 */
public final class HostProcessor implements Processor {
  /** Secret of the made-up Host, in the gateway's namespace. */
  private static final String FALLBACK_SECRET = "fallback-self-signed-cert";

  @Override
  public String name() {
    return "host";
  }

  @Override
  public void process(CompileContext context) {
    var world = EmissaryWorld.of(context);
    List<Host> hosts = world.mine(EmissaryKinds.HOST);
    if (hosts.isEmpty()) {
      if (!world.mine(EmissaryKinds.MAPPING).isEmpty()) {
        synthesise(world);
      }
      return;
    }
    context.each(
        hosts, host -> world.conclude(host, serve(world, host) ? State.RUNNING : State.INACTIVE));
  }

  private static boolean serve(EmissaryWorld world, Host host) {
    var findings = world.findings(host.ref());
    var plan = world.hostTranslator().translate(host, findings);
    if (plan.isEmpty()) {
      return false;
    }
    boolean admitted = false;
    boolean entered = false;
    for (RouteTableBuilder table : List.copyOf(world.context().routeTables())) {
      if (table.admission().admits(host.metadata())) {
        admitted = true;
        entered |= enter(world, table, plan.get(), findings);
      }
    }
    if (!admitted) {
      findings.error(
          "metadata", "NoListener", "no Listener's hostBinding admits this Host on an HTTP port");
    }
    if (entered) {
      plan.get().tls().ifPresent(tls -> bind(world, plan.get(), tls, findings));
    }
    return entered && !plan.get().closed();
  }

  private static boolean enter(
      EmissaryWorld world, RouteTableBuilder table, HostPlan plan, Findings findings) {
    var book = world.hosts(table);
    var rival = book.enter(plan);
    if (rival.isPresent()) {
      findings.error(
          "spec.hostname",
          "HostConflict",
          plan.ref()
              + " and "
              + rival.get().ref()
              + " have the hostname "
              + plan.pattern()
              + " but terminate TLS differently; the older one is used");
      return false;
    }
    HostPlan first = book.first(plan.pattern()).orElse(plan);
    if (first.insecure() != plan.insecure()) {
      findings.warning(
          "spec.requestPolicy",
          "HostConflict",
          first.ref() + " has the same hostname and decides what happens to insecure requests");
    }
    var virtualHost = table.virtualHost(plan.pattern()).govern(first.ref(), first.insecure(), 0);
    if (first.closed()) {
      virtualHost.close();
    }
    return true;
  }

  private static void bind(EmissaryWorld world, HostPlan plan, TlsBinding tls, Findings findings) {
    for (ListenerBuilder listener : world.tlsListeners()) {
      if (listener.admission().admits(plan.metadata())) {
        for (var taken : listener.bind(tls)) {
          findings.part(
              "spec.tlsSecret",
              "CertificateConflict",
              taken.holder().origin() + " already has the certificate for " + taken.serverName());
        }
      }
    }
  }

  /**
   * A {@code *} Host: cleartext is routed, TLS is terminated if there is a fallback certificate.
   */
  private static void synthesise(EmissaryWorld world) {
    var context = world.context();
    String namespace = context.options().gatewayNamespace();
    var ref = new ObjectRef(Kind.SECRET.name(), namespace, FALLBACK_SECRET);
    var plan =
        new HostPlan(
            ref,
            ObjectMeta.of(namespace, FALLBACK_SECRET),
            HostPattern.any(),
            Optional.empty(),
            InsecureAction.ROUTE,
            false,
            Optional.empty(),
            "");
    for (RouteTableBuilder table : List.copyOf(context.routeTables())) {
      // It has no labels, so a selector never admits it; its namespace is the gateway's own,
      // which the author of a Listener with SELF did not mean to shut out.
      if (table.admission().labels().isEmpty()) {
        world.hosts(table).enter(plan);
        table.virtualHost(HostPattern.any());
      }
    }
    var secret = context.state().find(Kind.SECRET, namespace, FALLBACK_SECRET);
    if (secret.isEmpty()) {
      return;
    }
    var findings = world.findings(ref);
    world
        .lookups()
        .keyMaterial(namespace, FALLBACK_SECRET, "data", findings)
        .flatMap(material ->
            world.hostTranslator().bind(ref, List.of(HostPattern.any()), material, findings))
        .ifPresent(tls -> world.tlsListeners().forEach(l -> l.bind(tls)));
    findings.problems().forEach(context::report);
  }
}
