// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.link.ServerKeySource;
import io.selvage.controlplane.link.ServerKeys;
import io.selvage.identity.EngineTrustManager;
import io.selvage.identity.workload.PeerVerdict;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.model.mesh.WorkloadIdentity;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.SSLEngine;

/** Believes a server that proves to be this control plane by the anchors of the moment. */
final class ReplicaTrust extends EngineTrustManager {
  private final ServerKeySource keys;
  private final WorkloadIdentity self;
  private final InstantSource clock;

  ReplicaTrust(ServerKeySource keys, WorkloadIdentity self, InstantSource clock) {
    this.keys = requireNonNull(keys, "keys");
    this.self = requireNonNull(self, "self");
    this.clock = requireNonNull(clock, "clock");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    ServerKeys now = keys.current().orElse(null);
    if (now == null) {
      throw new CertificateException("there is no trust bundle yet");
    }
    switch (now.trust().verify(List.of(chain), clock.instant(), TrustBundle.SKEW)) {
      case PeerVerdict.Refused(String reason, String message) ->
          throw new CertificateException(message + " (" + reason + ")");
      case PeerVerdict.Verified verified -> {
        if (!verified.identity().equals(self)) {
          throw new CertificateException(
              verified.identity().uri() + " is no replica of this control plane");
        }
      }
    }
  }
}
