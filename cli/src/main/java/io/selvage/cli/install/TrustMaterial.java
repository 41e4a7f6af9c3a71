// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.issue.CertificateAuthorities;
import java.time.Instant;
import java.util.Map;

/**
 * A root and an issuer for a new mesh, as values of the chart. The root's key is kept nowhere.
 *
 * @param issuerPem certificate of the issuer
 * @param issuerKeyPem never printed but into its Secret
 * @param anchorsPem the root
 */
record TrustMaterial(String issuerPem, String issuerKeyPem, String anchorsPem) {
  TrustMaterial {
    requireNonNull(issuerPem, "issuerPem");
    requireNonNull(issuerKeyPem, "issuerKeyPem");
    requireNonNull(anchorsPem, "anchorsPem");
  }

  /**
   * Makes both, for a year.
   *
   * @throws IllegalArgumentException if the trust domain is none
   */
  static TrustMaterial fresh(String trustDomain, Instant now) {
    var created =
        CertificateAuthorities.create(trustDomain, now, CertificateAuthorities.DEFAULT_LIFETIME);
    return new TrustMaterial(created.issuerPem(), created.issuerKeyPem(), created.bundle().pem());
  }

  /** As values of the chart, by their paths. */
  Map<String, String> values() {
    return Map.of(
        "identity.issuer.crtPEM", issuerPem,
        "identity.issuer.keyPEM", issuerKeyPem,
        "identity.trustAnchorsPEM", anchorsPem);
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "TrustMaterial[]";
  }
}
