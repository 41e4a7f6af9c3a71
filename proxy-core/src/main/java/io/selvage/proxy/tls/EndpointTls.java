// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.proxy.http.Limits;
import java.security.GeneralSecurityException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How connections to endpoints are protected: those with an identity by the mesh's mutual TLS,
 * whatever their cluster says, the others as their cluster says. An endpoint of the mesh is never
 * spoken to in any other way. Thread-safe.
 */
public final class EndpointTls {
  private final UpstreamTlsContexts contexts;
  private final @Nullable MeshTls mesh;
  private final long meshHandshakeMillis;

  /**
   * @param mesh null = endpoints of the mesh cannot be reached
   * @param limits of handshakes with endpoints of the mesh
   */
  public EndpointTls(
      UpstreamTlsContexts contexts, @Nullable MeshTls mesh, Limits.Handshake limits) {
    this.contexts = contexts;
    this.mesh = mesh;
    this.meshHandshakeMillis = limits.tlsMillis();
  }

  /**
   * How long the handshake with an endpoint of the mesh may take once TCP is there, in
   * milliseconds. With other endpoints the cluster's connect timeout covers both.
   */
  public long meshHandshakeMillis() {
    return meshHandshakeMillis;
  }

  /**
   * A handler for one connection.
   *
   * @param authority the Host sent, for clusters that take their server name from it
   * @return null where the cluster speaks plaintext and the endpoint is outside the mesh
   * @throws GeneralSecurityException when there is no usable certificate or bundle
   */
  public @Nullable SslHandler newHandler(
      ClusterSpec cluster,
      EndpointSet.Endpoint endpoint,
      ByteBufAllocator allocator,
      String authority)
      throws GeneralSecurityException {
    if (!endpoint.identity().isEmpty()) {
      if (mesh == null) {
        throw new GeneralSecurityException("this process has no identity in the mesh");
      }
      return mesh.newClientHandler(
          allocator,
          endpoint.identity(),
          List.of(meshProtocol(cluster)),
          endpoint.address(),
          endpoint.port());
    }
    if (cluster.tls().isEmpty()) {
      return null;
    }
    return contexts.newHandler(
        cluster.tls().get(), allocator, authority, endpoint.address(), endpoint.port());
  }

  /**
   * Whether a connection whose handshake has ended may be used: a proxy must have chosen the
   * protocol it was offered, or it would take the bytes for something else.
   */
  public static boolean isAgreed(
      ClusterSpec cluster, EndpointSet.Endpoint endpoint, SslHandler handler) {
    return endpoint.identity().isEmpty()
        || meshProtocol(cluster).equals(handler.applicationProtocol());
  }

  private static String meshProtocol(ClusterSpec cluster) {
    return switch (cluster.protocol()) {
      case HTTP1 -> MeshProtocol.ALPN_HTTP1;
      case HTTP2 -> MeshProtocol.ALPN_HTTP2;
      case TCP -> MeshProtocol.ALPN_TCP;
    };
  }
}
