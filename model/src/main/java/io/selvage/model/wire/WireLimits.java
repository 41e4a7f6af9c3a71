// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.TrafficReport;

/**
 * What a receiver accepts, besides {@link MeshProtocol#MAX_MESSAGE_BYTES}, {@link
 * TrafficReport#MAX_EDGES} and {@link TrafficReport#MAX_CALLS}. A sender with more to say splits
 * it: updates are differences, so a second message goes on where the first ended.
 */
public final class WireLimits {
  /** Names, addresses, labels and identities, in bytes of UTF-8. */
  public static final int TEXT_BYTES = 2_048;

  /** A ServiceAccount token, in bytes. */
  public static final int TOKEN_BYTES = 64 * 1024;

  /** A certificate request, in bytes. */
  public static final int CSR_BYTES = 64 * 1024;

  /** A bundle of trust anchors or one certificate as PEM, in bytes. */
  public static final int PEM_BYTES = 1024 * 1024;

  /** Certificates of a chain. */
  public static final int CHAIN = 16;

  /** Endpoints that are new, and again endpoints that are gone, in one message. */
  public static final int ENDPOINTS = 8_192;

  /** Known addresses that are new, and again addresses that are gone, in one message. */
  public static final int PODS = 8_192;

  /** Ranges of ports of one pod. */
  public static final int PORT_RANGES = 1_024;

  /** Networks of the inbound settings. */
  public static final int NETWORKS = 1_024;

  /** Probes of one pod. */
  public static final int PROBES = 256;

  /** Opaque ports of one pod: every port there is. */
  public static final int OPAQUE_PORTS = 65_535;

  private WireLimits() {}
}
