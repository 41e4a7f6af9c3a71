// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.identity.CertificateBundle;
import io.selvage.identity.Certificates;
import io.selvage.identity.ParsedBundle;
import io.selvage.identity.ParsedChain;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.kube.Secret;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.TrustSpec;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Secrets as certificates and trust, checked. A Secret that exists but is broken keeps serving what
 * it last held ({@link LastGood}), beside a problem. Confined to one compilation.
 */
public final class SecretResolver {
  private static final List<String> CHAIN_KEYS = List.of("tls.crt", "cert-chain.pem");
  private static final List<String> PRIVATE_KEYS = List.of("tls.key", "key.pem", "user.key");
  private static final List<String> CA_KEYS = List.of("ca.crt", "tls.crt", "root-cert.pem");
  private static final String CRL_KEY = "crl.pem";

  /** Names of a certificate that a message lists. */
  private static final int MAX_NAMES = 5;

  private final ClusterState state;
  private final SecretCache cache;
  private final LastGood before;
  private final Instant now;
  private final Map<ObjectRef, Resolution<KeyMaterial>> keys = new HashMap<>();
  private final Map<String, Resolution<TrustSpec>> trusts = new HashMap<>();
  private final Map<ObjectRef, ParsedChain.Accepted> found = new HashMap<>();
  private final Map<ObjectRef, KeyMaterial> goodKeys = new HashMap<>();
  private final Map<String, TrustSpec> goodTrust = new HashMap<>();

  /** What a Secret turned out to be. */
  public sealed interface Resolution<T> {}

  /** Usable. */
  public record Found<T>(T value) implements Resolution<T> {}

  /**
   * Broken now, but right before: served as it was.
   *
   * @param reason for the {@link io.selvage.model.Problem}
   * @param message a sentence naming the Secret
   */
  public record Stale<T>(T value, String reason, String message) implements Resolution<T> {}

  /** Nothing to serve. */
  public record NotFound<T>(String reason, String message) implements Resolution<T> {}

  SecretResolver(ClusterState state, SecretCache cache, LastGood before, Instant now) {
    this.state = state;
    this.cache = cache;
    this.before = before;
    this.now = now;
  }

  /**
   * A certificate chain with its key, from a Secret of type {@code kubernetes.io/tls} (or, as
   * Emissary reads them, any Secret with a chain and a key under one of the usual names).
   */
  public Resolution<KeyMaterial> keyMaterial(String namespace, String name) {
    var ref = new ObjectRef(Kind.SECRET.name(), namespace, name);
    var known = keys.get(ref);
    if (known == null) {
      known = readKeyMaterial(ref);
      keys.put(ref, known);
    }
    return known;
  }

  /**
   * What is wrong with using a Secret's certificate for a host: clients will refuse it if it has
   * another name. Empty if nothing is, if the Secret serves from before, and for patterns that no
   * certificate can be held against.
   */
  public Optional<String> nameProblem(String namespace, String name, HostPattern host) {
    if (!(keyMaterial(namespace, name) instanceof Found<KeyMaterial>)) {
      return Optional.empty();
    }
    var ref = new ObjectRef(Kind.SECRET.name(), namespace, name);
    ParsedChain.Accepted certificate = found.get(ref);
    String wanted =
        switch (host.kind()) {
          case EXACT -> host.text();
          case ONE_LABEL -> "*" + host.text();
          case SUFFIX -> host.text().startsWith(".") ? "*" + host.text() : "";
          case PREFIX, ANY -> "";
        };
    if (certificate == null || wanted.isEmpty() || certificate.covers(wanted)) {
      return Optional.empty();
    }
    List<String> names = certificate.dnsNames();
    String others = names.size() > MAX_NAMES ? " and others" : "";
    return Optional.of(
        ref
            + ": the certificate is not good for "
            + wanted
            + ", only for "
            + (names.isEmpty()
                ? "no DNS name at all"
                : String.join(", ", names.subList(0, Math.min(names.size(), MAX_NAMES))) + others));
  }

  /**
   * CA certificates from a Secret, and revocation lists from another (key {@code crl.pem}) where
   * one is named.
   *
   * @param crlName Secret of the same namespace rules; empty = no revocation lists
   */
  public Resolution<TrustSpec> trust(
      String namespace, String name, String crlNamespace, String crlName) {
    String id =
        namespace + "/" + name + (crlName.isEmpty() ? "" : "|" + crlNamespace + "/" + crlName);
    var known = trusts.get(id);
    if (known == null) {
      known = readTrust(id, namespace, name, crlNamespace, crlName);
      trusts.put(id, known);
    }
    return known;
  }

  /** CA certificates alone. */
  public Resolution<TrustSpec> trust(String namespace, String name) {
    return trust(namespace, name, "", "");
  }

  /** A plain entry of a Secret, such as {@code cert_required} in a CA Secret of Emissary. */
  public Optional<String> text(String namespace, String name, String key) {
    return state
        .find(Kind.SECRET, namespace, name)
        .flatMap(secret -> SecretData.read(secret, List.of(key)).flatMap(SecretData::text));
  }

  /** What is right as of this compilation, for the next one. */
  public LastGood good() {
    return new LastGood(goodKeys, goodTrust);
  }

  private Resolution<KeyMaterial> readKeyMaterial(ObjectRef ref) {
    Optional<Secret> secret = state.find(Kind.SECRET, ref.namespace(), ref.name());
    if (secret.isEmpty()) {
      return new NotFound<>("SecretNotFound", ref + " does not exist");
    }
    Resolution<KeyMaterial> result = parseKeyMaterial(secret.get());
    KeyMaterial old = before.keys().get(ref);
    if (result instanceof NotFound<KeyMaterial>(String reason, String message) && old != null) {
      result = new Stale<>(old, reason, message + "; the last good one stays in use");
    }
    switch (result) {
      case Found<KeyMaterial>(KeyMaterial value) -> goodKeys.put(ref, value);
      case Stale<KeyMaterial>(KeyMaterial value, String r, String m) -> goodKeys.put(ref, value);
      case NotFound<KeyMaterial> none -> {}
    }
    return result;
  }

  private Resolution<KeyMaterial> parseKeyMaterial(Secret secret) {
    if (!secret.type().equals("kubernetes.io/tls") && !secret.type().equals("Opaque")) {
      return new NotFound<>(
          "SecretWrongType",
          secret.ref() + " is of type " + secret.type() + ", not kubernetes.io/tls");
    }
    var chain = SecretData.read(secret, CHAIN_KEYS);
    var key = SecretData.read(secret, PRIVATE_KEYS);
    if (chain.isEmpty() || key.isEmpty()) {
      return new NotFound<>(
          "SecretIncomplete",
          secret.ref() + " has no " + (chain.isEmpty() ? CHAIN_KEYS : PRIVATE_KEYS).getFirst());
    }
    var chainPem = chain.get().text();
    var keyPem = key.get().text();
    if (chainPem.isEmpty() || keyPem.isEmpty()) {
      String which = (chainPem.isEmpty() ? chain.get() : key.get()).key();
      return new NotFound<>("SecretNotBase64", secret.ref() + ": " + which + " is not base64");
    }
    Supplier<ParsedChain> parse = () -> Certificates.parseChain(chainPem.get(), keyPem.get());
    return switch (cache.chain(secret, parse)) {
      case ParsedChain.Rejected(String reason, String message) ->
          new NotFound<>(reason, secret.ref() + ": " + message);
      case ParsedChain.Accepted accepted ->
          accepted
              .validityProblem(now)
              .<Resolution<KeyMaterial>>map(
                  p -> new NotFound<>(p.reason(), secret.ref() + ": " + p.message()))
              .orElseGet(() -> {
                found.put(secret.ref(), accepted);
                return new Found<>(
                    new KeyMaterial(
                        secret.ref().toString(), accepted.chainPem(), accepted.keyPem()));
              });
    };
  }

  private Resolution<TrustSpec> readTrust(
      String id, String namespace, String name, String crlNamespace, String crlName) {
    var ref = new ObjectRef(Kind.SECRET.name(), namespace, name);
    Optional<Secret> secret = state.find(Kind.SECRET, namespace, name);
    if (secret.isEmpty()) {
      return new NotFound<>("SecretNotFound", ref + " does not exist");
    }
    Resolution<TrustSpec> result = parseTrust(secret.get(), crlNamespace, crlName);
    TrustSpec old = before.trust().get(id);
    if (result instanceof NotFound<TrustSpec>(String reason, String message) && old != null) {
      result = new Stale<>(old, reason, message + "; the last good one stays in use");
    }
    switch (result) {
      case Found<TrustSpec>(TrustSpec value) -> goodTrust.put(id, value);
      case Stale<TrustSpec>(TrustSpec value, String r, String m) -> goodTrust.put(id, value);
      case NotFound<TrustSpec> none -> {}
    }
    return result;
  }

  private Resolution<TrustSpec> parseTrust(Secret secret, String crlNamespace, String crlName) {
    var pem = SecretData.read(secret, CA_KEYS).flatMap(SecretData::text);
    if (pem.isEmpty()) {
      return new NotFound<>(
          "SecretIncomplete", secret.ref() + " has no readable " + CA_KEYS.getFirst());
    }
    var bundle = cache.bundle(secret, () -> Certificates.parseBundle(pem.get()));
    return switch (bundle) {
      case ParsedBundle.Rejected(String reason, String message) ->
          new NotFound<>(reason, secret.ref() + ": " + message);
      case ParsedBundle.Accepted(CertificateBundle accepted) ->
          crlName.isEmpty()
              ? new Found<>(new TrustSpec(secret.ref().toString(), accepted.pem(), ""))
              : withLists(secret, accepted, crlNamespace, crlName);
    };
  }

  private Resolution<TrustSpec> withLists(
      Secret ca, CertificateBundle bundle, String crlNamespace, String crlName) {
    var ref = new ObjectRef(Kind.SECRET.name(), crlNamespace, crlName);
    Optional<Secret> secret = state.find(Kind.SECRET, crlNamespace, crlName);
    if (secret.isEmpty()) {
      return new NotFound<>("SecretNotFound", ref + " does not exist");
    }
    var pem = SecretData.read(secret.get(), List.of(CRL_KEY)).flatMap(SecretData::text);
    if (pem.isEmpty()) {
      return new NotFound<>("SecretIncomplete", ref + " has no readable " + CRL_KEY);
    }
    return switch (Certificates.parseRevocationLists(pem.get(), bundle)) {
      case ParsedBundle.Rejected(String reason, String message) ->
          new NotFound<>(reason, ref + ": " + message);
      case ParsedBundle.Accepted(CertificateBundle lists) ->
          // The lists are part of the name: clusters that check them are others than those that do
          // not.
          new Found<>(new TrustSpec(ca.ref() + " with lists of " + ref, bundle.pem(), lists.pem()));
    };
  }

  /** One entry of a Secret. */
  private record SecretData(String key, String value, boolean encoded) {
    /** The first of the keys that is there. */
    static Optional<SecretData> read(Secret secret, List<String> names) {
      for (String name : names) {
        String plain = secret.stringData().get(name);
        if (plain != null) {
          return Optional.of(new SecretData(name, plain, false));
        }
        String base64 = secret.data().get(name);
        if (base64 != null) {
          return Optional.of(new SecretData(name, base64, true));
        }
      }
      return Optional.empty();
    }

    /** Decoded; empty if it is not base64. */
    Optional<String> text() {
      if (!encoded) {
        return Optional.of(value);
      }
      try {
        // A folder's manifest may fold the value over several lines.
        byte[] bytes = Base64.getDecoder().decode(value.replaceAll("\\s", ""));
        return Optional.of(new String(bytes, StandardCharsets.ISO_8859_1));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }
  }
}
