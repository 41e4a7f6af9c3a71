// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;
import java.util.List;

/** The proxies that keep a stream to this control plane, as a rotation sees them. */
@FunctionalInterface
public interface ConnectedProxies {
  /**
   * A proxy and what it said last.
   *
   * @param fingerprint of the trust bundle it believes
   * @param leafNotAfter end of the leaf it uses: as it reported, before that of the leaf it
   *     connected with
   */
  record Proxy(
      WorkloadIdentity identity,
      PodRef pod,
      ProxyKind kind,
      String fingerprint,
      Instant leafNotAfter) {
    public Proxy {
      requireNonNull(identity, "identity");
      requireNonNull(pod, "pod");
      requireNonNull(kind, "kind");
      requireNonNull(fingerprint, "fingerprint");
      requireNonNull(leafNotAfter, "leafNotAfter");
    }

    /** The pod, or the identity where the proxy has none. */
    public String label() {
      return pod.name().isEmpty() ? identity.shortName() : pod.toString();
    }
  }

  /** As of now, from any thread. */
  List<Proxy> list();
}
