// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

/** What the inbound policy says of a client. */
public enum Verdict {
  ALLOWED(true, "allowed"),
  /** A kubelet's request: it passes whatever the policy is. */
  PROBE(true, "probe"),
  /** Let in by {@code audit}, and counted. */
  AUDITED(true, "audited"),
  /** Nobody may. */
  DENIED(false, "denied"),
  /** The client has no identity, and it needs one. */
  UNAUTHENTICATED(false, "unauthenticated"),
  /** The client's address is in no network of the cluster. */
  OUTSIDE_CLUSTER(false, "outside_cluster");

  private final boolean allows;
  private final String label;

  Verdict(boolean allows, String label) {
    this.allows = allows;
    this.label = label;
  }

  public boolean allows() {
    return allows;
  }

  /** For logs and metric labels. */
  public String label() {
    return label;
  }
}
