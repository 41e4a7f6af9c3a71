// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.TLSContext;
import io.selvage.model.crd.TlsConfig;
import io.selvage.model.crd.TlsContextSpec;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.TlsBinding.ClientAuth;
import io.selvage.model.routing.TrustSpec;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The TLSContexts of a compilation by name. A name is looked for in the asking object's namespace
 * first; otherwise the oldest context of that name in any namespace counts, because in Emissary the
 * names are global.
 */
final class TlsContexts {
  private static final Set<String> VERSIONS = Set.of("v1.0", "v1.1", "v1.2", "v1.3");

  private final List<TLSContext> contexts;
  private final Lookups lookups;

  TlsContexts(Collection<TLSContext> contexts, Lookups lookups) {
    this.contexts =
        contexts.stream()
            .filter(c -> c.spec() != null)
            .sorted(
                Comparator.comparing((TLSContext c) -> c.metadata().creationTimestamp())
                    .thenComparing(TLSContext::ref))
            .toList();
    this.lookups = lookups;
  }

  List<TLSContext> all() {
    return contexts;
  }

  Optional<TLSContext> find(String name, String namespace) {
    return contexts.stream()
        .filter(c -> c.metadata().name().equals(name))
        .min(Comparator.comparingInt(c -> c.metadata().namespace().equals(namespace) ? 0 : 1));
  }

  /** The rules of TLS that termination and origination share. */
  record Rules(
      Optional<String> minVersion,
      Optional<String> maxVersion,
      List<String> cipherSuites,
      List<String> curves,
      List<String> alpn) {
    static final Rules NONE =
        new Rules(Optional.empty(), Optional.empty(), List.of(), List.of(), List.of());
  }

  /** Empty and reported if the versions make no sense. */
  static Optional<Rules> rules(@Nullable TlsConfig config, String path, Findings findings) {
    if (config == null) {
      return Optional.of(Rules.NONE);
    }
    var min = version(config.minTlsVersion(), path + ".min_tls_version", findings);
    var max = version(config.maxTlsVersion(), path + ".max_tls_version", findings);
    if (findings.isFatal()) {
      return Optional.empty();
    }
    if (min.isPresent() && max.isPresent() && min.get().compareTo(max.get()) > 0) {
      findings.invalid(path + ".min_tls_version", "min_tls_version is above max_tls_version");
      return Optional.empty();
    }
    if (config.redirectCleartextFrom() != null) {
      findings.warning(
          path + ".redirect_cleartext_from",
          "Deprecated",
          "redirect_cleartext_from has no effect; use Host.spec.requestPolicy.insecure");
    }
    return Optional.of(
        new Rules(
            min, max, config.cipherSuites(), config.ecdhCurves(), config.alpnProtocols().values()));
  }

  /**
   * v1.0 and v1.1 are read, but nothing below TLS 1.2 is spoken: as a minimum that is only a
   * warning, as a maximum nothing would be left.
   */
  private static Optional<String> version(@Nullable String text, String field, Findings findings) {
    if (text == null || text.isEmpty()) {
      return Optional.empty();
    }
    if (!VERSIONS.contains(text)) {
      findings.invalid(field, field + " is one of v1.0, v1.1, v1.2, v1.3, not " + text);
      return Optional.empty();
    }
    if (text.equals("v1.0") || text.equals("v1.1")) {
      if (field.endsWith("max_tls_version")) {
        findings.invalid(field, field + ": nothing below TLS 1.2 is spoken");
      } else {
        findings.warning(
            field, Findings.NOT_YET_SUPPORTED, field + ": TLS 1.2 is the lowest version spoken");
      }
      return Optional.empty();
    }
    return Optional.of("TLSv" + text.substring(1));
  }

  /**
   * Client certificates as a context or Host asks for them.
   *
   * @return absent where none are asked for; a problem and absent where the CA cannot be used — the
   *     caller must then not terminate at all, because nobody would be checked
   */
  Optional<ClientAuth> clientAuth(
      TlsConfig config, boolean namespacing, String namespace, String path, Findings findings) {
    if (config.caSecret() == null) {
      if (config.crlSecret() != null) {
        findings.warning(
            path + ".crl_secret", "MissingField", "crl_secret without ca_secret checks nobody");
      }
      if (config.cacertChainFile() != null) {
        files(path, findings);
      } else if (Boolean.TRUE.equals(config.certRequired())) {
        findings.invalid(
            path + ".cert_required", "cert_required without ca_secret: nobody could be believed");
      }
      return Optional.empty();
    }
    var ca = SecretName.parse(config.caSecret(), namespacing, namespace);
    boolean required =
        config.certRequired() == null
            ? lookups.certRequiredInSecret(ca.namespace(), ca.name())
            : config.certRequired();
    return trust(config, namespacing, namespace, path, findings)
        .map(t -> new ClientAuth(t, required));
  }

  Optional<TrustSpec> trust(
      TlsConfig config, boolean namespacing, String namespace, String path, Findings findings) {
    var ca = SecretName.parse(String.valueOf(config.caSecret()), namespacing, namespace);
    var crl =
        config.crlSecret() == null
            ? new SecretName(namespace, "")
            : SecretName.parse(config.crlSecret(), namespacing, namespace);
    return lookups.trust(
        ca.namespace(), ca.name(), crl.namespace(), crl.name(), path + ".ca_secret", findings);
  }

  /** The context's own certificate: to show to clients, or to servers that ask. */
  Optional<KeyMaterial> certificate(TLSContext context, Findings findings) {
    return ownSecret(context)
        .flatMap(s -> lookups.keyMaterial(s.namespace(), s.name(), "spec.secret", findings));
  }

  /** Warns about names to terminate that the context's own certificate is not good for. */
  void checkNames(TLSContext context, List<HostPattern> names, Findings findings) {
    ownSecret(context)
        .ifPresent(s -> lookups.checkNames(s.namespace(), s.name(), names, "spec.hosts", findings));
  }

  private static Optional<SecretName> ownSecret(TLSContext context) {
    TlsContextSpec spec = context.spec();
    return spec == null || spec.secret() == null
        ? Optional.empty()
        : Optional.of(
            SecretName.parse(
                spec.secret(),
                !Boolean.FALSE.equals(spec.secretNamespacing()),
                context.metadata().namespace()));
  }

  static void files(String path, Findings findings) {
    findings.error(
        path,
        Findings.NOT_YET_SUPPORTED,
        path + ": certificates from files are not supported; put them into a Secret");
  }

  /** Name of a Secret as TLSContexts write it. */
  record SecretName(String namespace, String name) {
    /**
     * {@code name.namespace}; the namespace is what follows the last dot, because a namespace has
     * no dot itself. With {@code secret_namespacing: false} dots belong to the name.
     */
    static SecretName parse(String text, boolean namespacing, String ownNamespace) {
      int dot = namespacing ? text.lastIndexOf('.') : -1;
      return dot <= 0
          ? new SecretName(ownNamespace, text)
          : new SecretName(text.substring(dot + 1), text.substring(0, dot));
    }
  }
}
