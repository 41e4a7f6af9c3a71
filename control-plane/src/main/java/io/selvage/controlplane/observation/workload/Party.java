// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.WorkloadIdentity;
import java.util.Optional;

/**
 * One end of a connection, as well as it is known.
 *
 * @param pod empty if the address is no pod's, or the pod's name is not known for certain
 * @param account whom it has proved to be; empty = nobody
 * @param address canonical IP literal; empty for a proxy whose pod is known
 * @param gateway whether it is a gateway's proxy
 * @param label what to call a gateway no pod is known of
 */
public record Party(
    Optional<PodInfo> pod,
    Optional<WorkloadIdentity> account,
    String address,
    boolean gateway,
    String label) {
  public Party {
    requireNonNull(pod, "pod");
    requireNonNull(account, "account");
    requireNonNull(address, "address");
    requireNonNull(label, "label");
  }

  /** The same for all that is seen of one pod, whichever side saw it. */
  public Object key() {
    if (pod.isPresent()) {
      return pod.get().key();
    }
    if (account.isPresent()) {
      return account.get();
    }
    return address;
  }

  /** Where it runs; empty for what is no part of the cluster. */
  public String namespace() {
    return pod.map(PodInfo::namespace)
        .or(() -> account.map(WorkloadIdentity::namespace))
        .orElse("");
  }

  /** SPIFFE id it has proved; empty = none. */
  public String identity() {
    return account.map(WorkloadIdentity::uri).orElse("");
  }

  /** Whether it is neither a pod nor anybody with an identity. */
  public boolean isOutside() {
    return pod.isEmpty() && account.isEmpty();
  }
}
