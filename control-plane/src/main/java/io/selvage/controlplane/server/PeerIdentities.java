// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.controlplane.link.ServerKeySource;
import io.selvage.controlplane.link.ServerKeys;
import io.selvage.identity.workload.PeerVerdict;
import io.selvage.identity.workload.TrustBundle;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** Who a peer is, by its certificate and the anchors of now. */
final class PeerIdentities {
  private final ServerKeySource keys;
  private final String trustDomain;
  private final InstantSource clock;

  PeerIdentities(ServerKeySource keys, String trustDomain, InstantSource clock) {
    this.keys = keys;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  /**
   * @throws RpcException UNAUTHENTICATED, saying why
   */
  PeerVerdict.Verified verify(@Nullable SSLSession session) {
    ServerKeys now = keys.current().orElse(null);
    if (now == null) {
      throw new RpcException(Status.UNAVAILABLE, "the control plane has no trust bundle yet");
    }
    List<X509Certificate> chain = chain(session);
    return switch (now.trust().verify(chain, clock.instant(), TrustBundle.SKEW)) {
      case PeerVerdict.Refused(String reason, String message) ->
          throw unauthenticated(message + " (" + reason + ")");
      case PeerVerdict.Verified verified -> {
        if (!verified.identity().trustDomain().equals(trustDomain)) {
          throw unauthenticated(
              "trust domain " + verified.identity().trustDomain() + " is not " + trustDomain);
        }
        yield verified;
      }
    };
  }

  private static List<X509Certificate> chain(@Nullable SSLSession session) {
    if (session == null) {
      return List.of();
    }
    try {
      var chain = new ArrayList<X509Certificate>();
      for (Certificate certificate : session.getPeerCertificates()) {
        if (certificate instanceof X509Certificate x509) {
          chain.add(x509);
        }
      }
      return chain;
    } catch (SSLPeerUnverifiedException e) {
      return List.of();
    }
  }

  private static RpcException unauthenticated(String message) {
    return new RpcException(Status.UNAUTHENTICATED, message);
  }
}
