// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * Options of the process.
 *
 * @param address IP literal the gRPC port binds
 * @param port gRPC; 0 = any free one, as for the other ports
 * @param apiAddress IP literal the API port binds
 * @param apiPort HTTP JSON API
 * @param adminAddress IP literal the admin port binds
 * @param adminPort {@code /live /ready /metrics /problems}
 * @param trustDomain of all identities
 * @param namespace the control plane's own
 * @param defaultInboundPolicy for pods nothing more specific is said of
 * @param clusterNetworks CIDRs that count as the cluster
 * @param issuanceLifetime of leaves
 * @param clockSkewAllowance added to both ends of leaves
 * @param reportInterval how often proxies are asked to report, 500 ms to 60 s
 * @param drainTimeout how long streams may take to end after SIGTERM
 * @param toleratesUnknownPods whether a proxy may belong to a pod that is not among the objects
 * @param gateways who may be a gateway, and so is told of every address; empty = everybody
 * @param probeNetworks CIDRs kubelets may come from; empty = the addresses of a pod's node, or all
 *     cluster networks where those are not known
 */
public record ControlPlaneOptions(
    String address,
    int port,
    String apiAddress,
    int apiPort,
    String adminAddress,
    int adminPort,
    String trustDomain,
    String namespace,
    InboundPolicy defaultInboundPolicy,
    List<String> clusterNetworks,
    Duration issuanceLifetime,
    Duration clockSkewAllowance,
    Duration reportInterval,
    Duration drainTimeout,
    boolean toleratesUnknownPods,
    Set<WorkloadIdentity> gateways,
    List<String> probeNetworks) {
  public static final int API_PORT = 8085;
  public static final int ADMIN_PORT = 9995;
  public static final String NAMESPACE = "selvage";
  public static final String TRUST_DOMAIN = "cluster.local";

  /** ServiceAccount of the control plane, within {@link #namespace}. */
  public static final String SERVICE_ACCOUNT = "control-plane";

  /** ServiceAccount of the gateway, within {@link #namespace}. */
  public static final String GATEWAY_ACCOUNT = "selvage-gateway";

  /** ServiceAccount by whose tokens users act who have none of their own, in {@link #namespace}. */
  public static final String OPERATOR_ACCOUNT = "selvage-operator";

  public ControlPlaneOptions {
    requireNonNull(address, "address");
    requireNonNull(apiAddress, "apiAddress");
    requireNonNull(adminAddress, "adminAddress");
    requireNonNull(defaultInboundPolicy, "defaultInboundPolicy");
    clusterNetworks = List.copyOf(clusterNetworks);
    requireNonNull(issuanceLifetime, "issuanceLifetime");
    requireNonNull(clockSkewAllowance, "clockSkewAllowance");
    requireNonNull(drainTimeout, "drainTimeout");
    if (reportInterval.toMillis() < 500 || reportInterval.toMillis() > 60_000) {
      throw new IllegalArgumentException("the report interval must be between 500 ms and 60 s");
    }
    gateways = Set.copyOf(gateways);
    probeNetworks = List.copyOf(probeNetworks);
    clusterNetworks.forEach(Networks::check);
    probeNetworks.forEach(Networks::check);
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
        "127.0.0.1",
        ADMIN_PORT,
        TRUST_DOMAIN,
        NAMESPACE,
        InboundPolicy.ALL_UNAUTHENTICATED,
        InboundSettings.DEFAULT_CLUSTER_NETWORKS,
        Duration.ofHours(24),
        Duration.ofSeconds(20),
        Duration.ofSeconds(5),
        Duration.ofSeconds(5),
        true,
        Set.of(),
        List.of());
  }

  /** Our own identity. */
  public WorkloadIdentity self() {
    return new WorkloadIdentity(trustDomain, namespace, SERVICE_ACCOUNT);
  }

  /** Whether somebody may be a gateway. */
  public boolean mayBeGateway(WorkloadIdentity identity) {
    return gateways.isEmpty() || gateways.contains(identity);
  }

  /** The same on other ports; 0 = any free one. */
  public ControlPlaneOptions withPorts(int grpc, int api, int admin) {
    return with(address, apiAddress, adminAddress, grpc, api, admin, reportInterval);
  }

  /** The same with all ports on one address, an IP literal. */
  public ControlPlaneOptions withAddress(String ip) {
    return with(ip, ip, ip, port, apiPort, adminPort, reportInterval);
  }

  /** The same with proxies that report more or less often. */
  public ControlPlaneOptions withReportInterval(Duration interval) {
    return with(address, apiAddress, adminAddress, port, apiPort, adminPort, interval);
  }

  private ControlPlaneOptions with(
      String grpcIp,
      String apiIp,
      String adminIp,
      int grpc,
      int api,
      int admin,
      Duration newReportInterval) {
    return new ControlPlaneOptions(
        grpcIp,
        grpc,
        apiIp,
        api,
        adminIp,
        admin,
        trustDomain,
        namespace,
        defaultInboundPolicy,
        clusterNetworks,
        issuanceLifetime,
        clockSkewAllowance,
        newReportInterval,
        drainTimeout,
        toleratesUnknownPods,
        gateways,
        probeNetworks);
  }
}
