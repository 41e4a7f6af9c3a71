// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.workload.TrustBundle;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What the control plane itself serves with, and whose clients it believes; one value, so that key,
 * chain and anchors always fit together.
 *
 * @param chain leaf first, up to but without the anchor
 * @param trust whom clients must chain to; during a rotation the old and the new anchors
 */
public record ServerKeys(PrivateKey key, List<X509Certificate> chain, TrustBundle trust) {
  public ServerKeys {
    requireNonNull(key, "key");
    chain = List.copyOf(chain);
    requireNonNull(trust, "trust");
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("the chain may not be empty");
    }
  }

  /** Believes these anchors. */
  public ServerKeys(PrivateKey key, List<X509Certificate> chain, List<X509Certificate> anchors) {
    this(key, chain, TrustBundle.of(anchors));
  }

  /** Whom clients must chain to. */
  public List<X509Certificate> anchors() {
    return trust.anchors();
  }
}
