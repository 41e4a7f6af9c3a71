// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import io.selvage.model.mesh.WorkloadIdentity;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What must be true of a workload's certificate by itself, whoever judges it (X509-SVID, sections 2
 * and 4).
 */
public final class WorkloadLeaf {
  /** {@code uniformResourceIdentifier} among subject alternative names (RFC 5280 4.2.1.6). */
  private static final int URI = 6;

  // Positions in X509Certificate.getKeyUsage (RFC 5280 4.2.1.3).
  private static final int DIGITAL_SIGNATURE = 0;
  private static final int KEY_CERT_SIGN = 5;
  private static final int CRL_SIGN = 6;

  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

  private WorkloadLeaf() {}

  /**
   * The workload a leaf names: its one URI.
   *
   * @throws CertificateException if it has none, several, or one of another form
   */
  public static WorkloadIdentity identityOf(X509Certificate leaf) throws CertificateException {
    Collection<List<?>> names;
    try {
      names = leaf.getSubjectAlternativeNames();
    } catch (CertificateParsingException e) {
      throw new CertificateException("the leaf's names do not parse", e);
    }
    String uri = null;
    for (List<?> name : names == null ? List.<List<?>>of() : names) {
      if (!Integer.valueOf(URI).equals(name.get(0))) {
        continue;
      }
      if (uri != null) {
        throw new CertificateException("the leaf has several URI names");
      }
      uri = String.valueOf(name.get(1));
    }
    if (uri == null) {
      throw new CertificateException("the leaf has no URI name");
    }
    return WorkloadIdentity.parse(uri)
        .orElseThrow(
            () -> new CertificateException("the leaf's URI name is no workload's SPIFFE id"));
  }

  /**
   * What a leaf says of its use that no workload's may: it signs handshakes and nothing else, and
   * where it restricts what it is for, it is for servers and for clients, since every workload is
   * both.
   *
   * @return null if there is nothing
   */
  public static PeerVerdict.@Nullable Refused misuse(X509Certificate leaf) {
    if (leaf.getBasicConstraints() >= 0) {
      return new PeerVerdict.Refused(
          "LeafIsAuthority", "the certificate is that of an authority, not of a workload");
    }
    boolean[] usage = leaf.getKeyUsage();
    if (usage != null && (!usage[DIGITAL_SIGNATURE] || usage[KEY_CERT_SIGN] || usage[CRL_SIGN])) {
      return new PeerVerdict.Refused(
          "KeyUsage", "the certificate's key may not sign handshakes, or may sign certificates");
    }
    try {
      List<String> purposes = leaf.getExtendedKeyUsage();
      if (purposes == null) {
        return null;
      }
      for (String purpose : List.of(SERVER_AUTH, CLIENT_AUTH)) {
        if (!purposes.contains(purpose)) {
          return new PeerVerdict.Refused(
              "KeyPurpose",
              "the certificate is not for a "
                  + (purpose.equals(SERVER_AUTH) ? "SERVER" : "CLIENT")
                  + ": a workload's is for both");
        }
      }
      return null;
    } catch (CertificateParsingException e) {
      return new PeerVerdict.Refused("CertificateInvalid", "the certificate does not parse");
    }
  }
}
