// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What the control plane itself serves with, and whose clients it believes; one value, so that key,
 * chain and anchors always fit together.
 *
 * @param chain leaf first, up to but without the anchor
 * @param anchors whom clients must chain to; during a rotation the old and the new ones
 */
public record ServerKeys(
    PrivateKey key, List<X509Certificate> chain, List<X509Certificate> anchors) {
  public ServerKeys {
    chain = List.copyOf(chain);
    anchors = List.copyOf(anchors);
    if (chain.isEmpty() || anchors.isEmpty()) {
      throw new IllegalArgumentException("neither chain nor anchors may be empty");
    }
  }
}
