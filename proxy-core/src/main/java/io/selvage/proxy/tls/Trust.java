// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.selvage.model.routing.TrustSpec;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.cert.CRL;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Turns a {@link TrustSpec} into the JDK's PKIX validation. Nothing is fetched over the network
 * while validating: no OCSP, no CRL distribution points.
 */
final class Trust {
  private Trust() {}

  /**
   * A trust manager for the bundle.
   *
   * <p>Self-issued certificates of the bundle are anchors and the others help to build chains, so
   * that with revocation lists every authority below the root needs a list of its issuer. A bundle
   * without a self-issued certificate anchors at whatever it holds.
   *
   * @throws GeneralSecurityException when a PEM block does not parse, or there is no certificate
   */
  static X509ExtendedTrustManager manager(TrustSpec spec) throws GeneralSecurityException {
    List<X509Certificate> bundle = certificates(spec);
    List<Object> helpers = new ArrayList<>(bundle);
    Set<TrustAnchor> anchors = anchors(bundle);
    PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
    parameters.setRevocationEnabled(false);
    if (!spec.crlPem().isBlank()) {
      helpers.addAll(revocationLists(spec));
      parameters.setRevocationEnabled(true);
      PKIXRevocationChecker checker =
          (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
      // A list that is missing or out of date fails the chain: no fallback, no soft failure.
      checker.setOptions(
          EnumSet.of(
              PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
      parameters.addCertPathChecker(checker);
    }
    parameters.addCertStore(
        CertStore.getInstance("Collection", new CollectionCertStoreParameters(helpers)));
    return manager(parameters);
  }

  private static Set<TrustAnchor> anchors(List<X509Certificate> bundle) {
    Set<TrustAnchor> anchors = new HashSet<>();
    for (X509Certificate one : bundle) {
      if (one.getSubjectX500Principal().equals(one.getIssuerX500Principal())) {
        anchors.add(new TrustAnchor(one, null));
      }
    }
    if (anchors.isEmpty()) {
      bundle.forEach(one -> anchors.add(new TrustAnchor(one, null)));
    }
    return anchors;
  }

  private static X509ExtendedTrustManager manager(PKIXBuilderParameters parameters)
      throws GeneralSecurityException {
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(new CertPathTrustManagerParameters(parameters));
    for (TrustManager one : factory.getTrustManagers()) {
      if (one instanceof X509ExtendedTrustManager extended) {
        return extended;
      }
    }
    throw new InvalidAlgorithmParameterException("the JDK has no X.509 trust manager");
  }

  private static List<X509Certificate> certificates(TrustSpec spec) throws CertificateException {
    List<X509Certificate> certificates = new ArrayList<>();
    try {
      Collection<? extends Certificate> parsed =
          CertificateFactory.getInstance("X.509").generateCertificates(stream(spec.caPem()));
      parsed.forEach(one -> certificates.add((X509Certificate) one));
    } catch (CertificateException e) {
      throw new CertificateException("the CA bundle of " + spec.name() + " does not parse", e);
    }
    if (certificates.isEmpty()) {
      throw new CertificateException("the CA bundle of " + spec.name() + " has no certificate");
    }
    return certificates;
  }

  private static Collection<? extends CRL> revocationLists(TrustSpec spec)
      throws GeneralSecurityException {
    Collection<? extends CRL> lists;
    try {
      lists = CertificateFactory.getInstance("X.509").generateCRLs(stream(spec.crlPem()));
    } catch (GeneralSecurityException e) {
      throw new GeneralSecurityException(
          "the revocation list of " + spec.name() + " does not parse", e);
    }
    if (lists.isEmpty()) {
      throw new GeneralSecurityException("there is no revocation list in " + spec.name());
    }
    return lists;
  }

  private static ByteArrayInputStream stream(String pem) {
    return new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
  }
}
