// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * How a sidecar treats what arrives for its pod. Pushed whole, and again on each change.
 *
 * @param policy default for every port
 * @param clusterNetworks CIDRs that count as the cluster
 * @param opaquePorts ports whose bytes are never looked at, 1..65535
 * @param probes requests that always pass
 * @param probeNetworks CIDRs kubelets may come from; empty = the cluster networks
 */
public record InboundSettings(
    InboundPolicy policy,
    List<String> clusterNetworks,
    Set<Integer> opaquePorts,
    List<Probe> probes,
    List<String> probeNetworks) {
  /** RFC 1918, RFC 6598 and RFC 4193 addresses, and loopback for life on one machine. */
  public static final List<String> DEFAULT_CLUSTER_NETWORKS =
      List.of(
          "10.0.0.0/8",
          "100.64.0.0/10",
          "172.16.0.0/12",
          "192.168.0.0/16",
          "127.0.0.0/8",
          "fd00::/8",
          "::1/128");

  /** What holds before the control plane has said anything: a pod's own default may replace it. */
  public static final InboundSettings DEFAULT = of(InboundPolicy.ALL_UNAUTHENTICATED);

  /**
   * What a kubelet asks.
   *
   * @param port as the pod sees it
   * @param path path and query, exactly; empty for a probe that only connects, or of which only TLS
   *     is seen
   */
  public record Probe(int port, String path) {
    /** Path of a grpc probe (gRPC Health Checking Protocol); its requests are POST. */
    public static final String GRPC_HEALTH = "/grpc.health.v1.Health/Check";

    /** In place of the path of an HTTPS probe; no path, since those begin with a slash. */
    public static final String HTTPS = "https:";

    public Probe {
      requireNonNull(path, "path");
    }
  }

  public InboundSettings {
    requireNonNull(policy, "policy");
    clusterNetworks = List.copyOf(clusterNetworks);
    opaquePorts = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(opaquePorts));
    probes = List.copyOf(probes);
    probeNetworks = List.copyOf(probeNetworks);
  }

  /** A policy with everything else as it is by default. */
  public static InboundSettings of(InboundPolicy policy) {
    return new InboundSettings(policy, DEFAULT_CLUSTER_NETWORKS, Set.of(), List.of(), List.of());
  }
}
