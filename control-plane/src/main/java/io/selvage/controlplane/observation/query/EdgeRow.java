// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/**
 * Who talked to whom.
 *
 * @param sourceNamespace empty for what is outside the cluster; so for the destination
 * @param clientId SPIFFE id of the client; empty = none is known
 * @param serverId SPIFFE id the server has proved; empty = none
 * @param reason why the connection is not protected; empty if it is
 * @param denied refused by policy
 */
@JsonPropertyOrder({
  "src",
  "src_namespace",
  "dst",
  "dst_namespace",
  "client_id",
  "server_id",
  "no_tls_reason",
  "denied"
})
public record EdgeRow(
    @JsonProperty("src") String source,
    @JsonProperty("src_namespace") String sourceNamespace,
    @JsonProperty("dst") String destination,
    @JsonProperty("dst_namespace") String destinationNamespace,
    @JsonProperty("client_id") String clientId,
    @JsonProperty("server_id") String serverId,
    @JsonProperty("no_tls_reason") String reason,
    @JsonProperty("denied") boolean denied) {}
