// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

/**
 * What an {@link IssuerStorage} holds, as text and unchecked; empty for what is not there.
 *
 * @param bundle the trust anchors, PEM
 * @param chain the issuer's certificate, PEM
 * @param key the issuer's key, PEM; never printed
 * @param nextChain during a rotation: the issuer that is to come; while the first one is being
 *     made: that one and its root
 * @param nextKey its key
 * @param rotation {@link RotationState} as JSON
 */
record IssuerFiles(
    String bundle, String chain, String key, String nextChain, String nextKey, String rotation) {
  static final IssuerFiles NONE = new IssuerFiles("", "", "", "", "", "");

  IssuerFiles {
    requireNonNull(bundle, "bundle");
    requireNonNull(chain, "chain");
    requireNonNull(key, "key");
    requireNonNull(nextChain, "nextChain");
    requireNonNull(nextKey, "nextKey");
    requireNonNull(rotation, "rotation");
  }

  /** Whether there is nothing yet of what an issuer needs. */
  boolean isEmpty() {
    return bundle.isEmpty() && chain.isEmpty() && key.isEmpty() && nextChain.isEmpty();
  }

  /** Whether a first start was cut off: an issuer that is to come, and none that is there. */
  boolean isHalfMade() {
    return chain.isEmpty() && rotation.isEmpty() && !nextChain.isEmpty() && !nextKey.isEmpty();
  }

  boolean sameIssuer(IssuerFiles other) {
    return bundle.equals(other.bundle) && chain.equals(other.chain) && key.equals(other.key);
  }

  /** Whether certificate and key of the issuer are the same, whatever the anchors. */
  boolean sameIssuerAlone(IssuerFiles other) {
    return chain.equals(other.chain) && key.equals(other.key);
  }

  /** Whether anchors and record are the same, whatever the issuer. */
  boolean sameAnchors(IssuerFiles other) {
    return bundle.equals(other.bundle) && rotation.equals(other.rotation);
  }

  IssuerFiles withBundle(String pem) {
    return new IssuerFiles(pem, chain, key, nextChain, nextKey, rotation);
  }

  IssuerFiles withIssuer(String newChain, String newKey) {
    return new IssuerFiles(bundle, newChain, newKey, nextChain, nextKey, rotation);
  }

  IssuerFiles withNext(String newChain, String newKey) {
    return new IssuerFiles(bundle, chain, key, newChain, newKey, rotation);
  }

  IssuerFiles withRotation(String json) {
    return new IssuerFiles(bundle, chain, key, nextChain, nextKey, json);
  }

  /** Without keys. */
  @Override
  public String toString() {
    return "IssuerFiles[]";
  }
}
