// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import io.selvage.model.routing.ClusterSpec.UpstreamTls;
import java.security.GeneralSecurityException;

/**
 * TLS towards endpoints: one native context per distinct {@link UpstreamTls}, shared by all
 * clusters and event loops that ask for the same. Thread-safe.
 *
 * <p>There is no way back to plaintext in here: a context that cannot be built is an exception, and
 * the attempt fails as TLS_FAILED.
 */
public interface UpstreamTlsContexts extends AutoCloseable {
  /** An empty store; contexts are built when first asked for. */
  static UpstreamTlsContexts create() {
    return new NativeUpstreamTlsContexts();
  }

  /**
   * A handler for one connection, to be added first in the pipeline before connecting. The
   * handshake starts when the channel becomes active; {@link SslHandler#handshakeFuture()} fails
   * when the certificate is not believed, {@link SslHandler#applicationProtocol()} is what ALPN
   * chose.
   *
   * @param tls how to speak
   * @param authority the Host sent upstream, with or without port: the SNI where {@code tls} names
   *     none and it is a name
   * @param address IP literal of the endpoint, verified as an IP subject alternative name where
   *     there is neither a name to verify nor an SNI
   * @param port port of the endpoint
   * @throws GeneralSecurityException when the trust bundle, certificate or cipher names are
   *     unusable; the message names which, without secrets
   */
  SslHandler newHandler(
      UpstreamTls tls, ByteBufAllocator allocator, String authority, String address, int port)
      throws GeneralSecurityException;

  /**
   * Drops the contexts that none of {@code inUse} asks for; connections that run on them keep them
   * alive until they close. Called after a snapshot is published.
   */
  void retain(Iterable<UpstreamTls> inUse);

  /** Drops all contexts. */
  @Override
  void close();
}
