// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.identity.EngineTrustManager;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;

/**
 * Lets a handshake end whatever certificate a client shows: the client has proved that the key is
 * its own, and {@link PeerIdentities} judges the certificate by the anchors of the moment when a
 * stream is opened, so that a client is told in words what is wrong with it. No authority is named,
 * so that clients of any anchor send what they have.
 */
final class LateTrustManager extends EngineTrustManager {
  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}
}
