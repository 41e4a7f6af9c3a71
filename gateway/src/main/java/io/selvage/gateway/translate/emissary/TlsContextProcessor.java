// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.Processor;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.crd.TLSContext;
import io.selvage.model.crd.TlsContextSpec;
import io.selvage.model.routing.HostPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * TLSContext: terminates TLS for its {@code hosts} on every listener that speaks TLS, after the
 * Hosts had their names. One without hosts is used by those who name it; here it is only checked.
 */
public final class TlsContextProcessor implements Processor {
  @Override
  public String name() {
    return "tls-context";
  }

  @Override
  public void process(CompileContext context) {
    var world = EmissaryWorld.of(context);
    context.each(
        world.contexts().all(),
        tls -> world.conclude(tls, check(world, tls) ? State.RUNNING : State.INACTIVE));
  }

  private static boolean check(EmissaryWorld world, TLSContext context) {
    var spec = Objects.requireNonNull(context.spec());
    var findings = world.findings(context.ref());
    var config = spec.config();
    if (config.certChainFile() != null
        || config.privateKeyFile() != null
        || config.cacertChainFile() != null) {
      TlsContexts.files("spec", findings);
      return false;
    }
    boolean rules = TlsContexts.rules(config, "spec", findings).isPresent();
    var material = world.contexts().certificate(context, findings);
    if (spec.hosts().isEmpty()) {
      boolean trust = config.caSecret() == null || checkTrust(world, context, spec, findings);
      return rules && trust && (spec.secret() == null || material.isPresent());
    }
    if (spec.secret() == null) {
      findings.error("spec.secret", "MissingField", "hosts are terminated with a secret");
      return false;
    }
    List<HostPattern> names = names(spec, findings);
    if (material.isEmpty() || names.isEmpty()) {
      return false;
    }
    world.contexts().checkNames(context, names, findings);
    var binding =
        world.hostTranslator().bind(context.ref(), names, material.get(), context, findings);
    binding.ifPresent(tls ->
        world
            .tlsListeners()
            .forEach(listener ->
                listener
                    .bind(tls)
                    .forEach(taken ->
                        findings.warning(
                            "spec.hosts",
                            "CertificateConflict",
                            taken.holder().origin()
                                + " already has the certificate for "
                                + taken.serverName()))));
    return binding.isPresent();
  }

  private static boolean checkTrust(
      EmissaryWorld world, TLSContext context, TlsContextSpec spec, Findings findings) {
    return world
        .contexts()
        .trust(
            spec.config(),
            !Boolean.FALSE.equals(spec.secretNamespacing()),
            context.metadata().namespace(),
            "spec",
            findings)
        .isPresent();
  }

  private static List<HostPattern> names(TlsContextSpec spec, Findings findings) {
    var names = new ArrayList<HostPattern>();
    for (String host : spec.hosts()) {
      var pattern = HostGlob.parse(host);
      if (pattern.isEmpty()) {
        findings.part(
            "spec.hosts", Findings.INVALID_VALUE, "hosts: \"" + host + "\" is not a host name");
      }
      pattern.ifPresent(names::add);
    }
    return names;
  }
}
