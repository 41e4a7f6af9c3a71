// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.Host;
import io.selvage.model.crd.HostSpec;
import io.selvage.model.crd.LabelSelector;
import io.selvage.model.crd.TLSContext;
import io.selvage.model.crd.TlsConfig;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.TlsBinding;
import io.selvage.model.routing.VirtualHostSpec.InsecureAction;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Translates one Host.
 *
 * <p>A Host whose certificate cannot be used keeps its virtual host: what it says about insecure
 * requests still holds, and no other Host's routes may answer for its name. (Emissary drops such a
 * Host altogether.) But where client certificates were demanded, the name is closed: it keeps its
 * virtual host and no Mapping is attached to it, because another binding's handshake, or a wider
 * Host's routes, would let anybody in.
 */
final class HostTranslator {
  private final TlsContexts contexts;
  private final Lookups lookups;

  HostTranslator(TlsContexts contexts, Lookups lookups) {
    this.contexts = contexts;
    this.lookups = lookups;
  }

  Optional<HostPlan> translate(Host host, Findings findings) {
    var spec = host.spec() == null ? emptySpec() : host.spec();
    String hostname = spec.hostname() == null || spec.hostname().isEmpty() ? "*" : spec.hostname();
    var pattern = HostGlob.parse(hostname);
    if (pattern.isEmpty()) {
      findings.invalid(
          "spec.hostname",
          "hostname \"" + hostname + "\" is not a name, nor one with a * at one end");
      return Optional.empty();
    }
    var insecure = insecure(spec, findings);
    if (insecure.isEmpty()) {
      return Optional.empty();
    }
    Optional<TlsBinding> tls = Optional.empty();
    boolean closed = false;
    boolean terminates = spec.tlsSecret() != null && spec.tlsSecret().name() != null;
    if (terminates) {
      tls = tls(host, spec, pattern.get(), findings);
      closed = tls.isEmpty() && demandsClientCertificate(host, spec);
    } else if (spec.tls() != null || spec.tlsContext() != null) {
      findings.warning(
          "spec.tlsSecret",
          "MissingField",
          "tls and tlsContext terminate nothing without tlsSecret");
    }
    return Optional.of(
        new HostPlan(
            host.ref(),
            host.metadata(),
            pattern.get(),
            selector(spec, findings),
            closed ? InsecureAction.REJECT : insecure.get(),
            closed,
            tls,
            identity(host, spec)));
  }

  private static HostSpec emptySpec() {
    return new HostSpec(null, null, null, null, null, null, null, null, null, null);
  }

  private static Optional<InsecureAction> insecure(HostSpec spec, Findings findings) {
    var policy = spec.requestPolicy() == null ? null : spec.requestPolicy().insecure();
    if (policy != null && policy.additionalPort() != null) {
      findings.notSupported(
          "spec.requestPolicy.insecure.additionalPort",
          "bind that port with a Listener of securityModel INSECURE");
    }
    String action = policy == null || policy.action() == null ? "Redirect" : policy.action();
    return switch (action) {
      case "", "Redirect" -> Optional.of(InsecureAction.REDIRECT);
      case "Route" -> Optional.of(InsecureAction.ROUTE);
      // Answered with 400, as documented; Emissary's code has just no route there.
      case "Reject" -> Optional.of(InsecureAction.REJECT);
      default -> {
        findings.invalid(
            "spec.requestPolicy.insecure.action",
            "requestPolicy.insecure.action is Redirect, Reject or Route, not " + action);
        yield Optional.empty();
      }
    };
  }

  private static Optional<LabelSelector> selector(HostSpec spec, Findings findings) {
    if (spec.selector() != null && spec.mappingSelector() != null) {
      findings.warning(
          "spec.selector", "Conflict", "selector and mappingSelector: mappingSelector is used");
    }
    var selector = spec.mappingSelector() == null ? spec.selector() : spec.mappingSelector();
    if (selector != null && !selector.matchExpressions().isEmpty()) {
      findings.notSupported("spec.mappingSelector.matchExpressions", "matchLabels only");
    }
    // A selector without labels selects by nothing, which is as if there were none.
    return selector == null || selector.matchLabels().isEmpty()
        ? Optional.empty()
        : Optional.of(selector);
  }

  /** The context a Host uses besides its Secret: the one it names, or {@code <host>-context}. */
  private Optional<TLSContext> context(Host host, HostSpec spec) {
    String namespace = host.metadata().namespace();
    if (spec.tlsContext() != null && spec.tlsContext().name() != null) {
      return contexts.find(spec.tlsContext().name(), namespace);
    }
    return spec.tls() == null
        ? contexts.find(host.metadata().name() + "-context", namespace)
        : Optional.empty();
  }

  private boolean demandsClientCertificate(Host host, HostSpec spec) {
    // A named context that does not exist may have demanded one: nobody can know.
    boolean byContext =
        context(host, spec)
            .map(c -> demandsClientCertificate(Objects.requireNonNull(c.spec()).config()))
            .orElse(spec.tlsContext() != null);
    return byContext || spec.tls() != null && demandsClientCertificate(spec.tls());
  }

  private static boolean demandsClientCertificate(TlsConfig config) {
    return config.caSecret() != null
        || config.cacertChainFile() != null
        || Boolean.TRUE.equals(config.certRequired());
  }

  private static String identity(Host host, HostSpec spec) {
    var secret = spec.tlsSecret();
    if (secret == null || secret.name() == null) {
      return "";
    }
    String namespace =
        secret.namespace() == null ? host.metadata().namespace() : secret.namespace();
    return namespace + "/" + secret.name() + " " + spec.tlsContext() + " " + spec.tls();
  }

  private Optional<TlsBinding> tls(
      Host host, HostSpec spec, HostPattern pattern, Findings findings) {
    if (spec.tls() != null && spec.tlsContext() != null) {
      findings.error("spec.tls", "Conflict", "tls and tlsContext exclude each other");
      return Optional.empty();
    }
    var context = context(host, spec);
    if (spec.tlsContext() != null && context.isEmpty()) {
      findings.error(
          "spec.tlsContext",
          "TLSContextNotFound",
          "TLSContext " + spec.tlsContext().name() + " does not exist");
      return Optional.empty();
    }
    var secret = Objects.requireNonNull(spec.tlsSecret());
    String namespace =
        secret.namespace() == null ? host.metadata().namespace() : secret.namespace();
    var material =
        lookups.keyMaterial(
            namespace, Objects.requireNonNull(secret.name()), "spec.tlsSecret", findings);
    if (material.isEmpty()) {
      return Optional.empty();
    }
    lookups.checkNames(
        namespace,
        Objects.requireNonNull(secret.name()),
        List.of(pattern),
        "spec.tlsSecret",
        findings);
    return context.isPresent()
        ? bind(host.ref(), List.of(pattern), material.get(), context.get(), findings)
        : bind(
            host.ref(),
            List.of(pattern),
            material.get(),
            spec.tls(),
            true,
            host.metadata().namespace(),
            "spec.tls",
            findings);
  }

  /** Termination with default rules. */
  Optional<TlsBinding> bind(
      ObjectRef origin, List<HostPattern> names, KeyMaterial material, Findings findings) {
    return bind(origin, names, material, null, true, origin.namespace(), "spec", findings);
  }

  /** Termination with a TLSContext's rules. */
  Optional<TlsBinding> bind(
      ObjectRef origin,
      List<HostPattern> names,
      KeyMaterial material,
      TLSContext context,
      Findings findings) {
    var spec = Objects.requireNonNull(context.spec());
    return bind(
        origin,
        names,
        material,
        spec.config(),
        !Boolean.FALSE.equals(spec.secretNamespacing()),
        context.metadata().namespace(),
        "spec",
        findings);
  }

  private Optional<TlsBinding> bind(
      ObjectRef origin,
      List<HostPattern> names,
      KeyMaterial material,
      @Nullable TlsConfig config,
      boolean namespacing,
      String namespace,
      String path,
      Findings findings) {
    var rules = TlsContexts.rules(config, path, findings);
    Optional<TlsBinding.ClientAuth> auth = Optional.empty();
    if (config != null) {
      if (config.certChainFile() != null || config.privateKeyFile() != null) {
        TlsContexts.files(path, findings);
        return Optional.empty();
      }
      auth = contexts.clientAuth(config, namespacing, namespace, path, findings);
      if (demandsClientCertificate(config) && auth.isEmpty()) {
        return Optional.empty();
      }
    }
    if (rules.isEmpty()) {
      return Optional.empty();
    }
    var r = rules.get();
    return Optional.of(
        new TlsBinding(
            origin.toString(),
            origin,
            names,
            material,
            auth,
            // Unset means no HTTP/2 by ALPN, as Emissary documents it.
            r.alpn().isEmpty() ? List.of("http/1.1") : r.alpn(),
            r.minVersion(),
            r.maxVersion(),
            r.cipherSuites(),
            r.curves()));
  }
}
