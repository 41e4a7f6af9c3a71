// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.BackendResolver;
import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.SecretResolver;
import io.selvage.model.kube.IntOrString;
import io.selvage.model.kube.Kind;
import io.selvage.model.routing.ClusterSpec.EndpointSource;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.TrustSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Services and Secrets as this dialect asks for them: every failure becomes a finding. */
final class Lookups {
  private final CompileContext context;
  private final Set<String> namespaces = new HashSet<>();

  Lookups(CompileContext context) {
    this.context = context;
    context.state().all(Kind.SERVICE).forEach(s -> namespaces.add(s.metadata().namespace()));
  }

  /**
   * Where a cluster gets its addresses from.
   *
   * @param key base of the cluster's name
   */
  record Backend(String key, EndpointSource source) {}

  boolean serviceExists(String namespace, String name) {
    return context.state().find(Kind.SERVICE, namespace, name).isPresent();
  }

  /** Whether any Service of that namespace is known. */
  boolean namespaceHasServices(String namespace) {
    return namespaces.contains(namespace);
  }

  /**
   * The endpoints behind a Service's port. Where the Service or its port does not exist, that is
   * reported and the answer is a set that stays empty.
   */
  Backend backend(String namespace, String service, IntOrString port, Findings findings) {
    return switch (context.backends().resolve(namespace, service, port)) {
      case BackendResolver.Found found -> new Backend(found.key(), found.source());
      case BackendResolver.NotFound(String reason, String message) -> {
        findings.part("spec.service", reason, message);
        String key = namespace + "/" + service + "/" + port;
        yield new Backend(key, new EndpointSource.Set(key));
      }
    };
  }

  /** Certificate and key of a Secret; a broken one serves what it last held. */
  Optional<KeyMaterial> keyMaterial(
      String namespace, String secret, String field, Findings findings) {
    return take(context.secrets().keyMaterial(namespace, secret), field, findings);
  }

  /** Warns about each of the names that the certificate of a usable Secret is not good for. */
  void checkNames(
      String namespace, String secret, List<HostPattern> names, String field, Findings findings) {
    for (HostPattern name : names) {
      context
          .secrets()
          .nameProblem(namespace, secret, name)
          .ifPresent(message -> findings.warning(field, "CertificateName", message));
    }
  }

  /**
   * Trust anchors of a Secret.
   *
   * @param crlSecret Secret with the revocation lists, empty = none
   */
  Optional<TrustSpec> trust(
      String namespace,
      String secret,
      String crlNamespace,
      String crlSecret,
      String field,
      Findings findings) {
    return take(
        context.secrets().trust(namespace, secret, crlNamespace, crlSecret), field, findings);
  }

  /** {@code cert_required} as Emissary also reads it from inside the CA's Secret. */
  boolean certRequiredInSecret(String namespace, String secret) {
    return context
        .secrets()
        .text(namespace, secret, "cert_required")
        .map(text -> text.strip().equalsIgnoreCase("true"))
        .orElse(false);
  }

  private static <T> Optional<T> take(
      SecretResolver.Resolution<T> resolution, String field, Findings findings) {
    return switch (resolution) {
      case SecretResolver.Found<T>(T value) -> Optional.of(value);
      case SecretResolver.Stale<T>(T value, String reason, String message) -> {
        findings.part(field, reason, message);
        yield Optional.of(value);
      }
      case SecretResolver.NotFound<T>(String reason, String message) -> {
        findings.part(field, reason, message);
        yield Optional.empty();
      }
    };
  }
}
