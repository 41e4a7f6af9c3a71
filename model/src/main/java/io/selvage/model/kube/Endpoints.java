// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Core {@code v1} Endpoints: read only for Services that have no EndpointSlice. */
public record Endpoints(ObjectMeta metadata, List<Subset> subsets) implements KubeObject {
  public Endpoints(
      @JsonProperty("metadata") ObjectMeta metadata,
      @JsonProperty("subsets") @Nullable List<Subset> subsets) {
    this.metadata = metadata;
    this.subsets = Lists.copy(subsets);
  }

  @Override
  public String kind() {
    return "Endpoints";
  }

  /** Addresses that share ports. */
  public record Subset(
      List<Address> addresses, List<Address> notReadyAddresses, List<EndpointSlice.Port> ports) {
    public Subset(
        @JsonProperty("addresses") @Nullable List<Address> addresses,
        @JsonProperty("notReadyAddresses") @Nullable List<Address> notReadyAddresses,
        @JsonProperty("ports") @Nullable List<EndpointSlice.Port> ports) {
      this.addresses = Lists.copy(addresses);
      this.notReadyAddresses = Lists.copy(notReadyAddresses);
      this.ports = Lists.copy(ports);
    }
  }

  /** One address. */
  public record Address(
      @JsonProperty("ip") String ip,
      @JsonProperty("hostname") @Nullable String hostname,
      @JsonProperty("nodeName") @Nullable String nodeName,
      @JsonProperty("targetRef") EndpointSlice.@Nullable TargetRef targetRef) {}
}
