// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Who may reach a pod, unless something more specific says otherwise. Probes always may. */
public enum InboundPolicy {
  /** Everybody, with or without a certificate. */
  ALL_UNAUTHENTICATED,
  /** Whoever has an identity of this mesh. */
  ALL_AUTHENTICATED,
  /** Whoever has an identity of this mesh and comes from a network of the cluster. */
  CLUSTER_AUTHENTICATED,
  /** Whoever comes from a network of the cluster. */
  CLUSTER_UNAUTHENTICATED,
  /** Nobody. */
  DENY,
  /** Everybody; what {@link #DENY} would have refused is counted and logged. */
  AUDIT;

  /** As written in flags and annotations, such as {@code all-unauthenticated}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The policy of a label; empty if there is none. */
  public static Optional<InboundPolicy> parse(String label) {
    return Arrays.stream(values()).filter(policy -> policy.label().equals(label)).findFirst();
  }
}
