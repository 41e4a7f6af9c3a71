// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.link.ServerKeySource;
import io.selvage.controlplane.link.ServerKeys;
import io.selvage.identity.workload.PeerVerdict;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.model.mesh.WorkloadIdentity;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Believes a server that proves to be this control plane by the anchors of the moment. */
final class ReplicaTrust extends X509ExtendedTrustManager {
  private final ServerKeySource keys;
  private final WorkloadIdentity self;
  private final InstantSource clock;

  ReplicaTrust(ServerKeySource keys, WorkloadIdentity self, InstantSource clock) {
    this.keys = requireNonNull(keys, "keys");
    this.self = requireNonNull(self, "self");
    this.clock = requireNonNull(clock, "clock");
  }

  private void check(X509Certificate[] chain) throws CertificateException {
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

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    throw noClient();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw noClient();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw noClient();
  }

  private static CertificateException noClient() {
    return new CertificateException("this trusts no client");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
