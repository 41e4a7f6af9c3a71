// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import java.util.List;

/** Names both ends of the mesh agree on. */
public final class MeshProtocol {
  /** Version of the wire contract. A control plane serves this version and the one before it. */
  public static final int VERSION = 1;

  /** gRPC path of the unary call that turns a token and a CSR into a certificate. */
  public static final String CERTIFY_PATH = "/selvage.mesh.v1.Identity/Certify";

  /** gRPC path of the stream every proxy keeps. */
  public static final String CONNECT_PATH = "/selvage.mesh.v1.Mesh/Connect";

  /**
   * gRPC path of the stream on which a replica of the control plane tells another of its proxies.
   */
  public static final String SHARE_PATH = "/selvage.mesh.v1.Replicas/Share";

  /** Largest message either end accepts, in bytes without the gRPC prefix. */
  public static final int MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

  /** ALPN between proxies: HTTP/2, known by the client's side already. */
  public static final String ALPN_HTTP2 = "selvage/h2";

  /** ALPN between proxies: HTTP/1.1. */
  public static final String ALPN_HTTP1 = "selvage/http1.1";

  /**
   * ALPN between proxies: bytes, to be carried unseen. They travel in pieces, each after its length
   * in four bytes, big-endian; a length of 0 ends one direction and leaves the other open, which a
   * TLS close_notify does not.
   */
  public static final String ALPN_TCP = "selvage/tcp";

  /** In the server's order of preference. A client offers exactly the one it speaks. */
  public static final List<String> ALPN = List.of(ALPN_HTTP2, ALPN_HTTP1, ALPN_TCP);

  /** Audience of the tokens that Certify takes. */
  public static final String TOKEN_AUDIENCE = "identity.selvage.io";

  /**
   * Request field in which an application behind a sidecar finds the verified identity of its
   * caller, as a SPIFFE id. What a client sends under this name is always dropped.
   */
  public static final String CLIENT_ID_FIELD = "selvage-client-id";

  /** Default ports of a sidecar. */
  public static final int INBOUND_PORT = 4143;

  public static final int OUTBOUND_PORT = 4140;
  public static final int ADMIN_PORT = 4191;

  /** Default port of the control plane's gRPC server. */
  public static final int CONTROL_PORT = 8443;

  /** User id of a sidecar: its own connections are not redirected to itself. */
  public static final int PROXY_UID = 2102;

  /**
   * Upper bounds of the latency histogram's buckets in milliseconds; one more bucket holds what is
   * above.
   */
  public static final List<Integer> LATENCY_BUCKETS_MILLIS =
      List.of(
          1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500, 1_000, 2_000, 3_000, 4_000,
          5_000, 10_000, 20_000, 30_000, 40_000, 50_000);

  private MeshProtocol() {}
}
