// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Options of the process.
 *
 * @param address IP literal the gRPC port binds
 * @param port gRPC; 0 = any free one, as for the other ports
 * @param apiAddress IP literal the API and admin ports bind
 * @param apiPort HTTP JSON API
 * @param adminPort {@code /live /ready /metrics}
 * @param identityDir where issuer and anchors are kept without an API server; empty = in memory of
 *     the API server alone
 * @param trustDomain of all identities
 * @param namespace the control plane's own
 * @param defaultInboundPolicy for pods nothing more specific is said of
 * @param clusterNetworks CIDRs that count as the cluster
 * @param issuanceLifetime of leaves
 * @param clockSkewAllowance added to both ends of leaves
 */
public record ControlPlaneOptions(
    String address,
    int port,
    String apiAddress,
    int apiPort,
    int adminPort,
    Optional<Path> identityDir,
    String trustDomain,
    String namespace,
    InboundPolicy defaultInboundPolicy,
    List<String> clusterNetworks,
    Duration issuanceLifetime,
    Duration clockSkewAllowance) {
  public static final int API_PORT = 8085;
  public static final int ADMIN_PORT = 9995;
  public static final String NAMESPACE = "selvage";
  public static final String TRUST_DOMAIN = "cluster.local";

  /** ServiceAccount of the control plane, within {@link #namespace}. */
  public static final String SERVICE_ACCOUNT = "control-plane";

  public ControlPlaneOptions {
    requireNonNull(address, "address");
    requireNonNull(apiAddress, "apiAddress");
    requireNonNull(identityDir, "identityDir");
    requireNonNull(defaultInboundPolicy, "defaultInboundPolicy");
    clusterNetworks = List.copyOf(clusterNetworks);
    requireNonNull(issuanceLifetime, "issuanceLifetime");
    requireNonNull(clockSkewAllowance, "clockSkewAllowance");
    // Says which of the names is of no good.
    new WorkloadIdentity(trustDomain, namespace, SERVICE_ACCOUNT);
  }

  /** What holds where nothing is said. */
  public static ControlPlaneOptions defaults() {
    return new ControlPlaneOptions(
        "0.0.0.0",
        MeshProtocol.CONTROL_PORT,
        "127.0.0.1",
        API_PORT,
        ADMIN_PORT,
        Optional.empty(),
        TRUST_DOMAIN,
        NAMESPACE,
        InboundPolicy.ALL_UNAUTHENTICATED,
        InboundSettings.DEFAULT_CLUSTER_NETWORKS,
        Duration.ofHours(24),
        Duration.ofSeconds(20));
  }

  /** Our own identity. */
  public WorkloadIdentity self() {
    return new WorkloadIdentity(trustDomain, namespace, SERVICE_ACCOUNT);
  }
}
