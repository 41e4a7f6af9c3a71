// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.ingress;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.HostNames;
import io.selvage.gateway.translate.ListenerBuilder;
import io.selvage.gateway.translate.SecretResolver;
import io.selvage.model.Problem;
import io.selvage.model.kube.Ingress;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.TlsBinding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/**
 * {@code spec.tls} of all Ingresses as bindings, one for each Secret. A name that two Ingresses
 * bind to different Secrets stays with the older. An entry without hosts makes its certificate the
 * default; one without a Secret relies on the default. A Secret that is missing or broken costs
 * only its own names' TLS. Nothing here redirects: an Ingress with TLS is served in plaintext too,
 * as the conformance suite demands.
 */
final class IngressTls {
  private static final List<String> ALPN = List.of("h2", "http/1.1");

  private final CompileContext context;
  private final List<Claim> claims = new ArrayList<>();

  /** One name of one entry, with the certificate it asks for. */
  private record Claim(
      ObjectMeta metadata,
      ObjectRef ingress,
      String field,
      HostPattern serverName,
      KeyMaterial certificate) {}

  /** What becomes one binding. */
  private record Draft(Claim first, List<HostPattern> serverNames) {}

  IngressTls(CompileContext context) {
    this.context = context;
  }

  /** Reads the entries of one Ingress; to be called oldest first. */
  void collect(Ingress ingress) {
    List<Ingress.Tls> entries = ingress.spec().tls();
    for (int i = 0; i < entries.size(); i++) {
      Ingress.Tls entry = entries.get(i);
      String field = "spec.tls[" + i + "]";
      String secret = entry.secretName();
      if (secret != null && !secret.isEmpty()) {
        keyMaterial(ingress, field + ".secretName", secret)
            .ifPresent(certificate -> claim(ingress, field, entry, certificate));
      }
    }
  }

  private Optional<KeyMaterial> keyMaterial(Ingress ingress, String field, String secret) {
    return switch (context.secrets().keyMaterial(ingress.metadata().namespace(), secret)) {
      case SecretResolver.Found<KeyMaterial>(KeyMaterial value) -> Optional.of(value);
      case SecretResolver.Stale<KeyMaterial>(KeyMaterial value, String reason, String message) -> {
        context.report(Problem.error(ingress.ref(), field, reason, message));
        yield Optional.of(value);
      }
      case SecretResolver.NotFound<KeyMaterial>(String reason, String message) -> {
        context.report(
            Problem.error(ingress.ref(), field, reason, message + ": its hosts have no TLS"));
        yield Optional.empty();
      }
    };
  }

  private void claim(Ingress ingress, String field, Ingress.Tls entry, KeyMaterial certificate) {
    List<String> hosts = entry.hosts();
    if (hosts.isEmpty()) {
      claims.add(
          new Claim(
              ingress.metadata(), ingress.ref(), field + ".hosts", HostPattern.any(), certificate));
    }
    for (int h = 0; h < hosts.size(); h++) {
      String where = field + ".hosts[" + h + "]";
      Optional<HostPattern> name =
          hosts.get(h).isEmpty() ? Optional.empty() : HostNames.ingressHost(hosts.get(h));
      if (name.isEmpty()) {
        context.report(
            Problem.error(
                ingress.ref(),
                where,
                "HostInvalid",
                "host " + hosts.get(h) + " is neither a DNS name nor *. and a DNS name"));
      } else {
        claims.add(new Claim(ingress.metadata(), ingress.ref(), where, name.get(), certificate));
        context
            .secrets()
            .nameProblem(
                ingress.metadata().namespace(), String.valueOf(entry.secretName()), name.get())
            .ifPresent(message ->
                context.report(Problem.warning(ingress.ref(), where, "CertificateName", message)));
      }
    }
  }

  /** Binds what was collected to every TLS listener that admits it. */
  void bind() {
    for (ListenerBuilder listener : context.listeners()) {
      if (listener.speaksTls() && listener.base().http()) {
        bindTo(listener);
      }
    }
  }

  private void bindTo(ListenerBuilder listener) {
    var holders = new HashMap<HostPattern, Claim>();
    var drafts = new LinkedHashMap<KeyMaterial, Draft>();
    for (Claim claim : claims) {
      if (!listener.admission().admits(claim.metadata())) {
        continue;
      }
      Claim holder = holders.putIfAbsent(claim.serverName(), claim);
      if (holder == null) {
        drafts
            .computeIfAbsent(claim.certificate(), c -> new Draft(claim, new ArrayList<>(2)))
            .serverNames()
            .add(claim.serverName());
      } else if (!holder.certificate().equals(claim.certificate())) {
        conflict(claim, holder.certificate().name() + " of the older " + holder.ingress());
      }
    }
    for (Draft draft : drafts.values()) {
      for (ListenerBuilder.Taken taken : listener.bind(binding(draft))) {
        Claim loser = holders.get(taken.serverName());
        if (loser != null) {
          conflict(loser, taken.holder().certificate().name() + " of " + taken.holder().origin());
        }
      }
    }
  }

  private void conflict(Claim loser, String winner) {
    context.report(
        Problem.error(
            loser.ingress(),
            loser.field(),
            "TlsConflict",
            "the TLS name " + loser.serverName() + " is bound to " + winner));
  }

  private static TlsBinding binding(Draft draft) {
    return new TlsBinding(
        "ingress/" + draft.first().certificate().name(),
        draft.first().ingress(),
        draft.serverNames(),
        draft.first().certificate(),
        Optional.empty(),
        ALPN,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }
}
