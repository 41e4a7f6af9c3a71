// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.List;

/** The unary call that turns a token and a CSR into a certificate. */
public final class Certify {
  private Certify() {}

  /**
   * Who it is comes from the token alone.
   *
   * @param token ServiceAccount token for {@link MeshProtocol#TOKEN_AUDIENCE}; never logged
   * @param csr PKCS#10, DER
   * @param pod for the event; not believed
   */
  public record Request(String token, byte[] csr, PodRef pod) {
    public Request {
      requireNonNull(token, "token");
      csr = csr.clone();
      requireNonNull(pod, "pod");
    }

    @Override
    public byte[] csr() {
      return csr.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Request(String t, byte[] c, PodRef p)
          && t.equals(token)
          && Arrays.equals(c, csr)
          && p.equals(pod);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(csr);
    }

    @Override
    public String toString() {
      return "Certify.Request[" + pod + "]";
    }
  }

  /**
   * @param identity SPIFFE id in the leaf
   * @param chainPem leaf first, then intermediates up to but without the anchor
   * @param notAfterMillis end of the leaf, since 1970
   * @param bundlePem whom to believe
   * @param fingerprint of the bundle, as in {@link ControlMessage.Bundle}
   * @param bundleRevision likewise
   */
  public record Response(
      String identity,
      List<String> chainPem,
      long notAfterMillis,
      String bundlePem,
      String fingerprint,
      long bundleRevision) {
    public Response {
      requireNonNull(identity, "identity");
      chainPem = List.copyOf(chainPem);
      requireNonNull(bundlePem, "bundlePem");
      requireNonNull(fingerprint, "fingerprint");
    }

    /** With a bundle of unknown revision. */
    public Response(
        String identity,
        List<String> chainPem,
        long notAfterMillis,
        String bundlePem,
        String fingerprint) {
      this(identity, chainPem, notAfterMillis, bundlePem, fingerprint, 0);
    }
  }
}
