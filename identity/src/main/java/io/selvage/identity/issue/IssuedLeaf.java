// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.issue;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.WorkloadIdentity;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;

/**
 * A certificate that was just issued.
 *
 * @param identity whom it names
 * @param chain leaf first, then the issuer and its intermediates without the anchor
 * @param notAfter end of the leaf
 */
public record IssuedLeaf(WorkloadIdentity identity, List<X509Certificate> chain, Instant notAfter) {
  public IssuedLeaf {
    requireNonNull(identity, "identity");
    chain = List.copyOf(chain);
    requireNonNull(notAfter, "notAfter");
  }

  public X509Certificate leaf() {
    return chain.getFirst();
  }

  /** SHA-256 of the leaf's DER in lower-case hex. */
  public String sha256() {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(leaf().getEncoded()));
    } catch (CertificateEncodingException | NoSuchAlgorithmException e) {
      throw new IllegalStateException("a certificate that was made can be written", e);
    }
  }
}
