// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.HeaderEdits.Add;
import io.selvage.model.routing.HeaderEdits.Fact;
import io.selvage.model.routing.HeaderEdits.ValuePart;
import io.selvage.proxy.exchange.Admission;
import java.util.List;

/**
 * How one destination is served.
 *
 * @param label what reports call it: their cluster's statsName; for a Service {@code
 *     namespace/name:port}, or empty
 * @param connectTimeoutMillis TCP; the mesh's TLS has {@code Limits.Handshake.tlsMillis} beside it
 * @param accrual whether endpoints that fail in a row are left alone for a while
 * @param requestHeaders edits of every request
 * @param admission asked for every request
 */
public record TargetSpec(
    String label,
    long connectTimeoutMillis,
    boolean accrual,
    HeaderEdits requestHeaders,
    Admission admission) {
  /**
   * Names under which a client might claim to be somebody: with underscores as well, because
   * applications that get fields as environment variables (RFC 3875 section 4.1.18) cannot tell
   * them from hyphens.
   */
  private static final List<String> CLAIMS =
      List.of(
          MeshProtocol.CLIENT_ID_FIELD,
          "selvage_client_id",
          "selvage-client_id",
          "selvage_client-id");

  /** Drops what a client claims to be and says who it has proved to be, if it has. */
  public static final HeaderEdits VERIFIED_CLIENT =
      new HeaderEdits(
          CLAIMS,
          List.of(
              new Add(
                  MeshProtocol.CLIENT_ID_FIELD,
                  List.of(new ValuePart.Variable(Fact.PEER_IDENTITY)),
                  false)));

  /** Drops what a client claims to be: only the proxy in front of the server may say it. */
  public static final HeaderEdits NO_CLIENT_ID = new HeaderEdits(CLAIMS, List.of());

  public TargetSpec {
    requireNonNull(label, "label");
    requireNonNull(requestHeaders, "requestHeaders");
    requireNonNull(admission, "admission");
  }
}
