// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.connection;

import java.util.Locale;

/** Why a connection was closed by the sidecar itself. */
public enum Refusal {
  /** The kernel does not say where it was going. */
  NO_ORIGINAL_DESTINATION,
  /** It was going to the sidecar itself. */
  LOOP,
  /** Inbound, to an address that is none of the pod's. */
  NOT_OUR_ADDRESS,
  /** Outbound, to a Service that has no such port. */
  NO_SUCH_PORT,
  /** Outbound: the control plane does not say in time what the address stands for. */
  NO_ANSWER,
  /** Outbound: more destinations are in use at once than are kept. */
  TOO_MANY_DESTINATIONS,
  /** Policy: nobody may. */
  DENIED,
  /** Policy: the client has no identity. */
  UNAUTHENTICATED,
  /** Policy: the client is in no network of the cluster. */
  OUTSIDE_CLUSTER,
  /** Policy has changed while it was open. */
  NO_LONGER_ALLOWED,
  /** The certificates it was made with have ended while it was open. */
  CERTIFICATES_ENDED,
  /** Mesh TLS was wanted while there is no valid certificate of ours. */
  NO_CERTIFICATE,
  /** The mesh handshake failed, or agreed on no protocol. */
  HANDSHAKE,
  /** A handshake, or a first word that policy waits for, took too long. */
  TIMEOUT,
  /** The server of a silent client cannot be reached, or broke off. */
  UNREACHABLE,
  /** Nobody has said anything, for too long or while room was needed for others. */
  SILENT,
  /** A request line was so slow or long that it had been taken for raw bytes. */
  LATE_REQUEST;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** For logs and metric labels. */
  public String label() {
    return label;
  }
}
