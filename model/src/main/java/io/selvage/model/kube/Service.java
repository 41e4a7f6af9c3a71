// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Core {@code v1} Service. */
public record Service(ObjectMeta metadata, Spec spec, Status status) implements KubeObject {
  @JsonCreator
  public Service(
      @JsonProperty("metadata") ObjectMeta metadata,
      @JsonProperty("spec") @Nullable Spec spec,
      @JsonProperty("status") @Nullable Status status) {
    this.metadata = metadata;
    this.spec = spec == null ? new Spec(null, null, null, null, null, null, null, null) : spec;
    this.status = status == null ? new Status(null) : status;
  }

  /** A Service without a status. */
  public Service(ObjectMeta metadata, @Nullable Spec spec) {
    this(metadata, spec, null);
  }

  @Override
  public String kind() {
    return "Service";
  }

  /**
   * {@code spec}.
   *
   * @param type ClusterIP, NodePort, LoadBalancer or ExternalName; {@code ClusterIP} when absent
   * @param clusterIP empty when not assigned, {@code None} when headless
   * @param externalIPs further addresses that lead here
   * @param internalTrafficPolicy {@code Local} = endpoints of the client's node only; {@code
   *     Cluster} when absent
   */
  public record Spec(
      String type,
      String clusterIP,
      List<String> clusterIPs,
      String externalName,
      Map<String, String> selector,
      List<Port> ports,
      List<String> externalIPs,
      String internalTrafficPolicy) {
    @JsonCreator
    public Spec(
        @JsonProperty("type") @Nullable String type,
        @JsonProperty("clusterIP") @Nullable String clusterIP,
        @JsonProperty("clusterIPs") @Nullable List<String> clusterIPs,
        @JsonProperty("externalName") @Nullable String externalName,
        @JsonProperty("selector") @Nullable Map<String, String> selector,
        @JsonProperty("ports") @Nullable List<Port> ports,
        @JsonProperty("externalIPs") @Nullable List<String> externalIPs,
        @JsonProperty("internalTrafficPolicy") @Nullable String internalTrafficPolicy) {
      this.type = type == null ? "ClusterIP" : type;
      this.clusterIP = clusterIP == null ? "" : clusterIP;
      this.clusterIPs = Lists.copy(clusterIPs);
      this.externalName = externalName == null ? "" : externalName;
      this.selector = Lists.copy(selector);
      this.ports = Lists.copy(ports);
      this.externalIPs = Lists.copy(externalIPs);
      this.internalTrafficPolicy =
          internalTrafficPolicy == null ? "Cluster" : internalTrafficPolicy;
    }
  }

  /** {@code status}. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Status(@Nullable LoadBalancer loadBalancer) {
    public Status(@JsonProperty("loadBalancer") @Nullable LoadBalancer loadBalancer) {
      this.loadBalancer = loadBalancer;
    }

    /** Addresses of the load balancer; one that has a name only is left out. */
    public List<String> addresses() {
      return loadBalancer == null
          ? List.of()
          : loadBalancer.ingress.stream()
              .map(LoadBalancerIngress::ip)
              .filter(ip -> !ip.isEmpty())
              .toList();
    }
  }

  /** {@code status.loadBalancer}. */
  public record LoadBalancer(List<LoadBalancerIngress> ingress) {
    public LoadBalancer(@JsonProperty("ingress") @Nullable List<LoadBalancerIngress> ingress) {
      this.ingress = Lists.copy(ingress);
    }
  }

  /** {@code status.loadBalancer.ingress[]}. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record LoadBalancerIngress(String ip) {
    public LoadBalancerIngress(@JsonProperty("ip") @Nullable String ip) {
      this.ip = ip == null ? "" : ip;
    }
  }

  /** One port; {@code targetPort} absent means the same number. */
  public record Port(
      String name,
      int port,
      @Nullable IntOrString targetPort,
      String protocol,
      String appProtocol,
      int nodePort) {
    public Port(
        @JsonProperty("name") @Nullable String name,
        @JsonProperty("port") int port,
        @JsonProperty("targetPort") @Nullable IntOrString targetPort,
        @JsonProperty("protocol") @Nullable String protocol,
        @JsonProperty("appProtocol") @Nullable String appProtocol,
        @JsonProperty("nodePort") int nodePort) {
      this.name = name == null ? "" : name;
      this.port = port;
      this.targetPort = targetPort;
      this.protocol = protocol == null ? "TCP" : protocol;
      this.appProtocol = appProtocol == null ? "" : appProtocol;
      this.nodePort = nodePort;
    }
  }
}
