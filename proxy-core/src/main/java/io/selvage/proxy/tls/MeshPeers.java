// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.selvage.identity.workload.PeerVerdict;
import io.selvage.identity.workload.WorkloadLeaf;
import io.selvage.model.mesh.WorkloadIdentity;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXCertPathValidatorResult;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Who of the mesh is believed: a chain that leads to the bundle (RFC 5280 section 6), every
 * certificate of it within its time, and a leaf that names exactly one workload (X.509-SVID
 * sections 2, 4 and 5.2). Immutable; a new bundle is a new object.
 *
 * <p>Times are judged here and not by the JDK, which knows no allowance for clocks that differ.
 */
final class MeshPeers {
  /** How far two clocks of the mesh may be apart. */
  static final Duration SKEW = Duration.ofSeconds(20);

  /** Certificates a peer may send: more would only be work. */
  private static final int MAX_CHAIN = 6;

  private final Set<TrustAnchor> anchors;
  private final Set<X509Certificate> anchorCertificates;
  private final InstantSource clock;

  private MeshPeers(List<X509Certificate> bundle, InstantSource clock) {
    this.anchorCertificates = Set.copyOf(new HashSet<>(bundle));
    Set<TrustAnchor> all = new HashSet<>();
    bundle.forEach(one -> all.add(new TrustAnchor(one, null)));
    this.anchors = Set.copyOf(all);
    this.clock = clock;
  }

  /**
   * @throws GeneralSecurityException if the bundle has no certificate, one that does not parse, or
   *     one that is no authority
   */
  static MeshPeers of(String bundlePem, InstantSource clock) throws GeneralSecurityException {
    List<X509Certificate> bundle = MeshCredentials.certificates(bundlePem, "the trust bundle");
    for (X509Certificate one : bundle) {
      if (one.getBasicConstraints() < 0) {
        throw new GeneralSecurityException(
            "the trust bundle: " + one.getSubjectX500Principal() + " is no authority");
      }
    }
    return new MeshPeers(bundle, clock);
  }

  /**
   * Whom {@code chain} proves.
   *
   * @param chain leaf first, as the peer sent it
   * @throws CertificateException with the rule that it breaks
   */
  WorkloadIdentity verify(X509Certificate[] chain) throws CertificateException {
    if (chain.length == 0 || chain.length > MAX_CHAIN) {
      throw new CertificateException("a chain of " + chain.length + " certificates");
    }
    WorkloadIdentity identity = WorkloadLeaf.identityOf(chain[0]);
    PeerVerdict.Refused misuse = WorkloadLeaf.misuse(chain[0]);
    if (misuse != null) {
      throw new CertificateException(misuse.message());
    }
    List<X509Certificate> path = new ArrayList<>(Arrays.asList(chain));
    // A root may be sent along; trust does not come from there.
    while (path.size() > 1 && anchorCertificates.contains(path.getLast())) {
      path.removeLast();
    }
    path(path);
    return identity;
  }

  private void path(List<X509Certificate> path) throws CertificateException {
    try {
      PKIXParameters parameters = new PKIXParameters(anchors);
      parameters.setRevocationEnabled(false);
      parameters.setDate(commonDate(path));
      PKIXCertPathValidatorResult result =
          (PKIXCertPathValidatorResult)
              CertPathValidator.getInstance("PKIX")
                  .validate(
                      CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
      checkTime(result.getTrustAnchor().getTrustedCert());
    } catch (CertPathValidatorException e) {
      throw new CertificateException("the chain does not lead to the bundle: " + e.getReason(), e);
    } catch (InvalidAlgorithmParameterException | java.security.NoSuchAlgorithmException e) {
      throw new CertificateException("chains cannot be checked here", e);
    }
  }

  /**
   * A time at which all of the path is valid, near enough to now.
   *
   * @throws CertificateException if one is out of its time by more than the allowance
   */
  private Date commonDate(List<X509Certificate> path) throws CertificateException {
    long now = clock.millis();
    long from = Long.MIN_VALUE;
    long until = Long.MAX_VALUE;
    for (X509Certificate one : path) {
      checkTime(one);
      from = Math.max(from, one.getNotBefore().toInstant().toEpochMilli());
      until = Math.min(until, one.getNotAfter().toInstant().toEpochMilli());
    }
    if (from > until) {
      throw new CertificateException("the chain's certificates are never valid together");
    }
    return Date.from(Instant.ofEpochMilli(Math.clamp(now, from, until)));
  }

  private void checkTime(X509Certificate one) throws CertificateException {
    long now = clock.millis();
    if (now > one.getNotAfter().toInstant().toEpochMilli() + SKEW.toMillis()) {
      throw new CertificateException(
          one.getSubjectX500Principal() + " has expired at " + one.getNotAfter().toInstant());
    }
    if (now < one.getNotBefore().toInstant().toEpochMilli() - SKEW.toMillis()) {
      throw new CertificateException(
          one.getSubjectX500Principal() + " begins at " + one.getNotBefore().toInstant());
    }
  }
}
