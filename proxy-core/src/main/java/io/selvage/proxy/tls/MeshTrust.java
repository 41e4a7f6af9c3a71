// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.selvage.identity.EngineTrustManager;
import io.selvage.model.mesh.WorkloadIdentity;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;

/**
 * Asks {@link MeshPeers} in handshakes. A client's engine says whom it expects by its peer host,
 * see {@link #peerHost}; a server takes everybody of its own trust domain.
 */
final class MeshTrust extends EngineTrustManager {
  /** What makes an expected identity a peer host that is never sent as server name. */
  private static final String NO_SERVER_NAME = "/";

  private final MeshPeers peers;
  private final String trustDomain;

  /**
   * @param trustDomain whose clients are let in; empty = nobody's
   */
  MeshTrust(MeshPeers peers, String trustDomain) {
    this.peers = peers;
    this.trustDomain = trustDomain;
  }

  /** The peer host of an engine that expects {@code identity}. */
  static String peerHost(String identity) {
    return NO_SERVER_NAME + identity;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    WorkloadIdentity proved = peers.verify(chain);
    if (!peerHost(proved.uri()).equals(engine.getPeerHost())) {
      throw new CertificateException("the endpoint is " + proved + ", another was expected");
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    WorkloadIdentity proved = peers.verify(chain);
    if (!proved.trustDomain().equals(trustDomain)) {
      throw new CertificateException("the client is of the trust domain " + proved.trustDomain());
    }
  }
}
