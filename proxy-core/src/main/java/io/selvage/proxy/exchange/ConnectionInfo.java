// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.selvage.proxy.http.HttpVersion;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/**
 * Facts about the client's connection, fixed once the handshake is over.
 *
 * @param listener name of the ListenerSpec
 * @param statsPrefix what metrics call that listener
 * @param peer TCP peer, or the source a PROXY protocol header gave
 * @param local address the client connected to
 * @param secure TLS was terminated on this connection
 * @param serverName SNI in lower case; null when none was sent or no TLS
 * @param tlsVersion such as TLSv1.3; null without TLS
 * @param tlsBinding name of the TlsBinding that was used; null without TLS
 * @param clientCertificate verified client certificate; null when none
 * @param peerIdentity SPIFFE id the client has proved within the mesh; empty = none
 */
public record ConnectionInfo(
    String listener,
    String statsPrefix,
    InetSocketAddress peer,
    InetSocketAddress local,
    HttpVersion version,
    boolean secure,
    @Nullable String serverName,
    @Nullable String tlsVersion,
    @Nullable String tlsBinding,
    @Nullable X509Certificate clientCertificate,
    String peerIdentity) {

  /** A client without an identity of the mesh. */
  public ConnectionInfo(
      String listener,
      String statsPrefix,
      InetSocketAddress peer,
      InetSocketAddress local,
      HttpVersion version,
      boolean secure,
      @Nullable String serverName,
      @Nullable String tlsVersion,
      @Nullable String tlsBinding,
      @Nullable X509Certificate clientCertificate) {
    this(
        listener,
        statsPrefix,
        peer,
        local,
        version,
        secure,
        serverName,
        tlsVersion,
        tlsBinding,
        clientCertificate,
        "");
  }
}
