// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import io.selvage.model.mesh.WorkloadIdentity;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXCertPathValidatorResult;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXReason;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whom the mesh believes: the certificates of one or more root authorities. Immutable; two bundles
 * with the same anchors are equal whatever their order.
 */
public final class TrustBundle {
  /**
   * How far our clock may be behind the issuer's. Leaves begin 20 s in the past already; together
   * that makes 40 s.
   */
  public static final Duration SKEW = Duration.ofSeconds(20);

  /** Most anchors of a bundle; a rotation needs two. */
  public static final int MAX_ANCHORS = 100;

  /** Longest chain that is looked at, the leaf included. */
  public static final int MAX_CHAIN = 8;

  private final List<X509Certificate> anchors;
  private final String pem;
  private final String fingerprint;

  private TrustBundle(List<X509Certificate> anchors) {
    this.anchors = List.copyOf(anchors);
    this.pem = PemText.write(anchors);
    this.fingerprint = fingerprintOf(anchors);
  }

  /** What a text turned out to be. */
  public sealed interface Parsed {
    /** Usable. */
    record Accepted(TrustBundle bundle) implements Parsed {}

    /**
     * Not usable.
     *
     * @param reason stable CamelCase word
     * @param message for a person
     */
    record Rejected(String reason, String message) implements Parsed {}
  }

  /** Reads anchors from PEM. One that is no authority makes all of it unusable. */
  public static Parsed parse(String pem) {
    try {
      return judge(PemText.certificates(pem));
    } catch (IllegalArgumentException e) {
      return new Parsed.Rejected(
          "BundleInvalid", "the trust bundle cannot be read: " + e.getMessage());
    }
  }

  /**
   * A bundle of these anchors.
   *
   * @throws IllegalArgumentException if there is none, or one is no authority
   */
  public static TrustBundle of(Collection<X509Certificate> anchors) {
    return switch (judge(anchors)) {
      case Parsed.Accepted(TrustBundle bundle) -> bundle;
      case Parsed.Rejected(String _, String message) -> throw new IllegalArgumentException(message);
    };
  }

  private static Parsed judge(Collection<X509Certificate> anchors) {
    var distinct = List.copyOf(new LinkedHashSet<>(anchors));
    if (distinct.isEmpty()) {
      return new Parsed.Rejected("BundleEmpty", "the trust bundle holds no certificate");
    }
    if (distinct.size() > MAX_ANCHORS) {
      return new Parsed.Rejected(
          "BundleTooLarge", "the trust bundle holds more than " + MAX_ANCHORS + " anchors");
    }
    for (X509Certificate anchor : distinct) {
      if (!mayIssue(anchor)) {
        return new Parsed.Rejected(
            "NotAnAuthority",
            "the trust bundle's certificate of " + name(anchor) + " is not that of an authority");
      }
    }
    return new Parsed.Accepted(new TrustBundle(distinct));
  }

  /** CA by basic constraints, and by key usage where it has one (RFC 5280 4.2.1.3, 4.2.1.9). */
  static boolean mayIssue(X509Certificate certificate) {
    boolean[] usage = certificate.getKeyUsage();
    return certificate.getBasicConstraints() >= 0 && (usage == null || usage[5]);
  }

  /** In the order they were given. */
  public List<X509Certificate> anchors() {
    return anchors;
  }

  /** All anchors as PEM. */
  public String pem() {
    return pem;
  }

  /**
   * SHA-256 of the anchors' DER, sorted bytewise and put one after another, in lower-case hex: the
   * same for the same anchors in any order.
   */
  public String fingerprint() {
    return fingerprint;
  }

  /** These anchors and those of the other. */
  public TrustBundle plus(TrustBundle other) {
    var all = new ArrayList<>(anchors);
    all.addAll(other.anchors);
    return of(all);
  }

  /**
   * These anchors without those of the other.
   *
   * @throws IllegalArgumentException if nothing would be left
   */
  public TrustBundle minus(TrustBundle other) {
    var rest = new ArrayList<>(anchors);
    rest.removeAll(other.anchors);
    return of(rest);
  }

  /** Whether every anchor of the other is one of these. */
  public boolean containsAll(TrustBundle other) {
    return anchors.containsAll(other.anchors);
  }

  /** When the first anchor ends that has not ended yet; the last end if all have. */
  public Instant nearestEnd(Instant now) {
    return anchors.stream()
        .map(anchor -> anchor.getNotAfter().toInstant())
        .filter(end -> end.isAfter(now))
        .min(Comparator.naturalOrder())
        .orElseGet(() ->
            anchors.stream()
                .map(anchor -> anchor.getNotAfter().toInstant())
                .max(Comparator.naturalOrder())
                .orElseThrow());
  }

  /**
   * Judges a peer's chain. Everything counts but revocation, which the mesh does not have: leaves
   * are short-lived instead. An anchor that has ended vouches for nobody.
   *
   * @param chain as the peer sent it: leaf first, each followed by its issuer; the anchor may be
   *     left out
   * @param now by our clock
   * @param skew how far our clock may be behind: certificates may begin so much later than now.
   *     There is no allowance at their end
   */
  public PeerVerdict verify(List<X509Certificate> chain, Instant now, Duration skew) {
    if (chain.isEmpty()) {
      return new PeerVerdict.Refused("NoCertificate", "there is no certificate");
    }
    if (chain.size() > MAX_CHAIN) {
      return new PeerVerdict.Refused(
          "ChainTooLong", "the chain has more than " + MAX_CHAIN + " certificates");
    }
    X509Certificate leaf = chain.getFirst();
    PeerVerdict.Refused form = WorkloadLeaf.misuse(leaf);
    if (form != null) {
      return form;
    }
    PeerVerdict.Refused validity = validityProblem(chain, now, skew);
    if (validity != null) {
      return validity;
    }
    WorkloadIdentity identity = identityOf(leaf);
    if (identity == null) {
      return new PeerVerdict.Refused(
          "NoIdentity", "the certificate does not hold exactly one SPIFFE id of a workload");
    }
    return switch (anchorOf(chain, now)) {
      case Path.Found(X509Certificate anchor) ->
          new PeerVerdict.Verified(identity, leaf.getNotAfter().toInstant(), anchor);
      case Path.Broken(PeerVerdict.Refused why) -> why;
    };
  }

  /**
   * The anchor that an authority's own chain leads to.
   *
   * @param chain the authority's certificate first
   * @return null if it leads to none that is valid now
   */
  public @Nullable X509Certificate anchorOfAuthority(List<X509Certificate> chain, Instant now) {
    if (chain.isEmpty() || chain.size() > MAX_CHAIN) {
      return null;
    }
    return switch (anchorOf(chain, now)) {
      case Path.Found(X509Certificate anchor) -> anchor;
      case Path.Broken _ -> null;
    };
  }

  /**
   * The one SPIFFE id among a certificate's names (X509-SVID, section 2).
   *
   * @return null if there is none, or more than one URI; {@link WorkloadLeaf#identityOf} says which
   */
  public static @Nullable WorkloadIdentity identityOf(X509Certificate leaf) {
    try {
      return WorkloadLeaf.identityOf(leaf);
    } catch (CertificateException e) {
      return null;
    }
  }

  private static PeerVerdict.@Nullable Refused validityProblem(
      List<X509Certificate> chain, Instant now, Duration skew) {
    for (X509Certificate certificate : chain) {
      Instant end = certificate.getNotAfter().toInstant();
      if (now.isAfter(end)) {
        return new PeerVerdict.Refused(
            "Expired", "the certificate of " + name(certificate) + " ended at " + end);
      }
      Instant start = certificate.getNotBefore().toInstant();
      if (now.plus(skew).isBefore(start)) {
        return new PeerVerdict.Refused(
            "NotYetValid", "the certificate of " + name(certificate) + " begins at " + start);
      }
    }
    return null;
  }

  private sealed interface Path {
    record Found(X509Certificate anchor) implements Path {}

    record Broken(PeerVerdict.Refused why) implements Path {}
  }

  private Path anchorOf(List<X509Certificate> chain, Instant now) {
    Set<TrustAnchor> valid =
        anchors.stream()
            .filter(anchor -> !now.isAfter(anchor.getNotAfter().toInstant()))
            .map(anchor -> new TrustAnchor(anchor, null))
            .collect(Collectors.toSet());
    if (valid.isEmpty()) {
      return new Path.Broken(
          new PeerVerdict.Refused("AnchorExpired", "every anchor of the trust bundle has ended"));
    }
    var path = new ArrayList<>(chain);
    while (path.size() > 1 && anchors.contains(path.getLast())) {
      path.removeLast();
    }
    if (path.size() == 1
        && valid.stream().anyMatch(a -> path.getFirst().equals(a.getTrustedCert()))) {
      return new Path.Found(path.getFirst());
    }
    // Within the allowance the path is judged at the moment it begins: there is one date for all.
    Instant at = now;
    for (X509Certificate certificate : path) {
      Instant start = certificate.getNotBefore().toInstant();
      at = start.isAfter(at) ? start : at;
    }
    try {
      var parameters = new PKIXParameters(valid);
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(at));
      var certPath = CertificateFactory.getInstance("X.509").generateCertPath(path);
      var result =
          (PKIXCertPathValidatorResult)
              CertPathValidator.getInstance("PKIX").validate(certPath, parameters);
      return new Path.Found(result.getTrustAnchor().getTrustedCert());
    } catch (CertPathValidatorException e) {
      return new Path.Broken(explain(e));
    } catch (CertificateException e) {
      return new Path.Broken(
          new PeerVerdict.Refused("CertificateInvalid", "a certificate of the chain is unusable"));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform validates by PKIX", e);
    }
  }

  private static PeerVerdict.Refused explain(CertPathValidatorException e) {
    var reason = e.getReason();
    if (reason == PKIXReason.NO_TRUST_ANCHOR) {
      return new PeerVerdict.Refused(
          "UnknownAuthority", "the chain leads to no anchor of the trust bundle");
    }
    if (reason == BasicReason.INVALID_SIGNATURE) {
      return new PeerVerdict.Refused(
          "SignatureInvalid", "a signature of the chain is not its issuer's");
    }
    if (reason == BasicReason.EXPIRED || reason == BasicReason.NOT_YET_VALID) {
      return new PeerVerdict.Refused("Expired", "a certificate of the chain is not valid now");
    }
    return new PeerVerdict.Refused("ChainInvalid", "the chain is not valid: " + reason);
  }

  private static String fingerprintOf(List<X509Certificate> anchors) {
    try {
      var sorted = new ArrayList<byte[]>();
      for (X509Certificate anchor : anchors) {
        sorted.add(anchor.getEncoded());
      }
      sorted.sort(Arrays::compareUnsigned);
      var digest = MessageDigest.getInstance("SHA-256");
      sorted.forEach(digest::update);
      return HexFormat.of().formatHex(digest.digest());
    } catch (CertificateEncodingException | NoSuchAlgorithmException e) {
      throw new IllegalStateException("certificates that were parsed can be written", e);
    }
  }

  /** For messages: the subject, or the identity of a leaf without one. */
  static String name(X509Certificate certificate) {
    String subject = certificate.getSubjectX500Principal().getName();
    if (!subject.isEmpty()) {
      return subject;
    }
    WorkloadIdentity identity = identityOf(certificate);
    return identity == null ? "an unnamed subject" : identity.uri();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TrustBundle bundle && bundle.fingerprint.equals(fingerprint);
  }

  @Override
  public int hashCode() {
    return fingerprint.hashCode();
  }

  /** Names and ends. */
  @Override
  public String toString() {
    return anchors.stream()
        .map(anchor -> name(anchor) + " until " + anchor.getNotAfter().toInstant())
        .collect(Collectors.joining(", ", "TrustBundle[", "]"));
  }
}
