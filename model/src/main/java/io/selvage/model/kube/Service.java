// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Core {@code v1} Service. */
public record Service(
    @JsonProperty("metadata") ObjectMeta metadata, @JsonProperty("spec") Spec spec)
    implements KubeObject {
  public Service(ObjectMeta metadata, @Nullable Spec spec) {
    this.metadata = metadata;
    this.spec = spec == null ? new Spec(null, null, null, null, null, null) : spec;
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
   */
  public record Spec(
      String type,
      String clusterIP,
      List<String> clusterIPs,
      String externalName,
      Map<String, String> selector,
      List<Port> ports) {
    public Spec(
        @JsonProperty("type") @Nullable String type,
        @JsonProperty("clusterIP") @Nullable String clusterIP,
        @JsonProperty("clusterIPs") @Nullable List<String> clusterIPs,
        @JsonProperty("externalName") @Nullable String externalName,
        @JsonProperty("selector") @Nullable Map<String, String> selector,
        @JsonProperty("ports") @Nullable List<Port> ports) {
      this.type = type == null ? "ClusterIP" : type;
      this.clusterIP = clusterIP == null ? "" : clusterIP;
      this.clusterIPs = Lists.copy(clusterIPs);
      this.externalName = externalName == null ? "" : externalName;
      this.selector = Lists.copy(selector);
      this.ports = Lists.copy(ports);
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
