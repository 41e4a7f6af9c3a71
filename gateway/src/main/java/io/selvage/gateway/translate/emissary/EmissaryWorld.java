// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.ListenerBuilder;
import io.selvage.gateway.translate.RouteTableBuilder;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.crd.EmissaryObject;
import io.selvage.model.crd.Module;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What this package's processors share during one compilation: the objects meant for this instance,
 * the Module's settings, the TLSContexts and the virtual hosts made so far. Confined to the
 * compiling thread.
 */
final class EmissaryWorld {
  /** Resolvers that exist without an object, as in Emissary. All of them balance over endpoints. */
  private static final List<String> BUILT_IN_RESOLVERS =
      List.of("kubernetes-service", "endpoint", "kubernetes-endpoint");

  private final CompileContext context;
  private final Map<ObjectRef, Findings> findings = new HashMap<>();
  private final Lookups lookups;
  private final TlsContexts contexts;
  private final ModuleSettings module;
  private final Upstreams upstreams;
  private final HostTranslator hostTranslator;
  private final Map<RouteTableBuilder, HostBook> hosts = new HashMap<>();

  private EmissaryWorld(CompileContext context) {
    this.context = context;
    this.lookups = new Lookups(context);
    this.module = readModule();
    this.contexts = new TlsContexts(mine(EmissaryKinds.TLS_CONTEXT), lookups);
    this.hostTranslator = new HostTranslator(contexts, lookups);
    this.upstreams = new Upstreams(lookups, contexts, module, context.options().gatewayNamespace());
  }

  /** The world of this compilation, made on first use. */
  static EmissaryWorld of(CompileContext context) {
    return context.shared(EmissaryWorld.class, EmissaryWorld::new);
  }

  CompileContext context() {
    return context;
  }

  Lookups lookups() {
    return lookups;
  }

  TlsContexts contexts() {
    return contexts;
  }

  ModuleSettings module() {
    return module;
  }

  Upstreams upstreams() {
    return upstreams;
  }

  HostTranslator hostTranslator() {
    return hostTranslator;
  }

  /** Which Hosts have which virtual hosts of a route table. */
  HostBook hosts(RouteTableBuilder table) {
    return hosts.computeIfAbsent(table, t -> new HostBook());
  }

  /** Objects of a kind that are meant for this instance, oldest first. */
  <T extends EmissaryObject> List<T> mine(Kind<T> kind) {
    return context.all(kind).stream()
        .filter(o -> o.ambassadorIds().includes(context.options().ambassadorId()))
        .sorted(
            Comparator.comparing((T o) -> o.metadata().creationTimestamp())
                .thenComparing(EmissaryObject::ref))
        .toList();
  }

  /** What has been found about an object so far. */
  Findings findings(ObjectRef object) {
    return findings.computeIfAbsent(object, Findings::new);
  }

  /** Hands an object's findings and its state over; the last word of its processor. */
  void conclude(KubeObject object, State state) {
    findings(object.ref()).problems().forEach(context::report);
    context.status(object, state);
  }

  /** Names a Mapping may give as {@code resolver}. */
  Set<String> resolvers() {
    var names = new HashSet<String>(BUILT_IN_RESOLVERS);
    mine(EmissaryKinds.KUBERNETES_ENDPOINT_RESOLVER).forEach(r -> names.add(r.metadata().name()));
    mine(EmissaryKinds.KUBERNETES_SERVICE_RESOLVER).forEach(r -> names.add(r.metadata().name()));
    return names;
  }

  /** Listeners that could terminate TLS. */
  Collection<ListenerBuilder> tlsListeners() {
    return context.listeners().stream().filter(ListenerBuilder::speaksTls).toList();
  }

  /** The oldest Module called ambassador is read; other names mean nothing, as in Emissary. */
  private ModuleSettings readModule() {
    ModuleSettings read = null;
    for (Module object : mine(EmissaryKinds.MODULE)) {
      Findings own = findings(object.ref());
      if (!object.metadata().name().equals("ambassador")) {
        own.warning("metadata.name", "NotUsed", "only a Module called ambassador has an effect");
        conclude(object, State.INACTIVE);
      } else if (read != null) {
        own.error("metadata.name", "Conflict", "an older Module ambassador is in use");
        conclude(object, State.INACTIVE);
      } else {
        read = ModuleReader.read(object.spec() == null ? Map.of() : object.spec().config(), own);
        conclude(object, State.RUNNING);
      }
    }
    return read == null ? ModuleSettings.defaults() : read;
  }
}
