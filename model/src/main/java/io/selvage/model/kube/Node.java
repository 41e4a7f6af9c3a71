// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Core {@code v1} Node: its zone, and the addresses it has. */
public record Node(ObjectMeta metadata, Spec spec, Status status) implements KubeObject {
  /** Label that names the zone. */
  public static final String ZONE_LABEL = "topology.kubernetes.io/zone";

  /**
   * Addresses within the pods' networks that nodes have of their own, by what gives them: Cilium
   * and Calico write them there.
   */
  private static final List<String> ADDRESS_ANNOTATIONS =
      List.of(
          "network.cilium.io/ipv4-cilium-host",
          "network.cilium.io/ipv6-cilium-host",
          "projectcalico.org/IPv4IPIPTunnelAddr",
          "projectcalico.org/IPv4VXLANTunnelAddr",
          "projectcalico.org/IPv6VXLANTunnelAddr");

  @JsonCreator
  public Node(
      @JsonProperty("metadata") ObjectMeta metadata,
      @JsonProperty("spec") @Nullable Spec spec,
      @JsonProperty("status") @Nullable Status status) {
    this.metadata = metadata;
    this.spec = spec == null ? new Spec(null, null) : spec;
    this.status = status == null ? new Status(null) : status;
  }

  /** A node of which no more than its metadata is known. */
  public Node(ObjectMeta metadata) {
    this(metadata, null, null);
  }

  @Override
  public String kind() {
    return "Node";
  }

  /** The zone; empty when unknown. */
  public String zone() {
    return metadata.labels().getOrDefault(ZONE_LABEL, "");
  }

  /** Networks of the node's pods, as CIDRs. */
  public List<String> podNetworks() {
    return Stream.concat(spec.podCIDRs().stream(), Stream.of(spec.podCIDR()))
        .filter(cidr -> !cidr.isEmpty())
        .distinct()
        .toList();
  }

  /** Its addresses as texts, which need not be IP literals. */
  public List<String> addresses() {
    return Stream.concat(
            status.addresses().stream()
                .filter(address -> address.type().endsWith("IP"))
                .map(Address::address),
            ADDRESS_ANNOTATIONS.stream()
                .map(name -> metadata.annotations().getOrDefault(name, ""))
                .filter(address -> !address.isEmpty()))
        .distinct()
        .toList();
  }

  /** {@code spec}, as far as it is read. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Spec(String podCIDR, List<String> podCIDRs) {
    public Spec(
        @JsonProperty("podCIDR") @Nullable String podCIDR,
        @JsonProperty("podCIDRs") @Nullable List<String> podCIDRs) {
      this.podCIDR = podCIDR == null ? "" : podCIDR;
      this.podCIDRs = Lists.copy(podCIDRs);
    }
  }

  /** {@code status}, as far as it is read. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Status(List<Address> addresses) {
    public Status(@JsonProperty("addresses") @Nullable List<Address> addresses) {
      this.addresses = Lists.copy(addresses);
    }
  }

  /** {@code status.addresses[]}. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Address(String type, String address) {
    public Address(
        @JsonProperty("type") @Nullable String type,
        @JsonProperty("address") @Nullable String address) {
      this.type = type == null ? "" : type;
      this.address = address == null ? "" : address;
    }
  }
}
