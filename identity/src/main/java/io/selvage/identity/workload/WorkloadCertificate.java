// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.model.routing.KeyMaterial;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * A workload's certificate with its key. Never printed whole.
 *
 * @param identity who it says the workload is
 * @param chain leaf first, then intermediates without the anchor
 * @param key of the leaf
 * @param notBefore start of the leaf
 * @param notAfter end of the leaf
 */
public record WorkloadCertificate(
    WorkloadIdentity identity,
    List<X509Certificate> chain,
    PrivateKey key,
    Instant notBefore,
    Instant notAfter) {
  public WorkloadCertificate {
    requireNonNull(identity, "identity");
    chain = List.copyOf(chain);
    requireNonNull(key, "key");
    requireNonNull(notBefore, "notBefore");
    requireNonNull(notAfter, "notAfter");
  }

  /**
   * What a control plane issued, checked by the workload itself: the leaf is for our key and for
   * the identity the answer names, and chains to the bundle that came with it.
   *
   * @param key the key the request was made with
   * @throws IllegalArgumentException saying what is wrong with the answer
   */
  public static WorkloadCertificate of(
      Certify.Response response, PrivateKey key, TrustBundle bundle, Instant now) {
    var chain = PemText.certificates(String.join("\n", response.chainPem()));
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("the answer holds no certificate");
    }
    X509Certificate leaf = chain.getFirst();
    if (!WorkloadKeys.fits(key, leaf.getPublicKey())) {
      throw new IllegalArgumentException("the certificate is for another key than ours");
    }
    return switch (bundle.verify(chain, now, TrustBundle.SKEW)) {
      case PeerVerdict.Refused(String reason, String message) ->
          throw new IllegalArgumentException(
              "the issued certificate is not good by the bundle: " + message + " (" + reason + ")");
      case PeerVerdict.Verified(WorkloadIdentity identity, Instant _, X509Certificate _) -> {
        if (!identity.uri().equals(response.identity())) {
          throw new IllegalArgumentException(
              "the certificate is for " + identity + ", the answer speaks of another");
        }
        yield new WorkloadCertificate(
            identity, chain, key, leaf.getNotBefore().toInstant(), leaf.getNotAfter().toInstant());
      }
    };
  }

  /** The chain as PEM, leaf first. */
  public String chainPem() {
    return PemText.write(chain);
  }

  /** The same in the form TLS takes. */
  public KeyMaterial keyMaterial() {
    return new KeyMaterial(identity.uri(), chainPem(), WorkloadKeys.pem(key));
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "WorkloadCertificate[" + identity + " until " + notAfter + "]";
  }
}
