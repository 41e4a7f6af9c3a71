// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;

/**
 * A proxy that keeps a stream to us, as of now.
 *
 * @param session unique in the life of this process; a proxy that comes back has a new one
 * @param identity proved by its certificate
 * @param pod what it says it is, checked against its identity where the pod is known
 * @param podKnown whether the pod is among the objects; otherwise only the identity is certain
 * @param peer IP literal the stream came from
 * @param software version for people
 * @param bundle fingerprint of the trust bundle in use; empty = not said yet
 * @param certificateNotAfterMillis end of its leaf, since 1970; 0 = not known
 * @param since when the stream began
 */
public record ConnectedProxy(
    long session,
    WorkloadIdentity identity,
    PodRef pod,
    boolean podKnown,
    ProxyKind kind,
    String peer,
    String software,
    String bundle,
    long certificateNotAfterMillis,
    Instant since) {
  public ConnectedProxy {
    requireNonNull(identity, "identity");
    requireNonNull(pod, "pod");
    requireNonNull(kind, "kind");
    requireNonNull(peer, "peer");
    requireNonNull(software, "software");
    requireNonNull(bundle, "bundle");
    requireNonNull(since, "since");
  }
}
