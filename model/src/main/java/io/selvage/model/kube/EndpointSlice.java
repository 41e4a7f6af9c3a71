// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code discovery.k8s.io/v1} EndpointSlice. */
public record EndpointSlice(
    ObjectMeta metadata, String addressType, List<Endpoint> endpoints, List<Port> ports)
    implements KubeObject {
  /** Label that names the Service a slice belongs to. */
  public static final String SERVICE_NAME_LABEL = "kubernetes.io/service-name";

  public EndpointSlice(
      @JsonProperty("metadata") ObjectMeta metadata,
      @JsonProperty("addressType") @Nullable String addressType,
      @JsonProperty("endpoints") @Nullable List<Endpoint> endpoints,
      @JsonProperty("ports") @Nullable List<Port> ports) {
    this.metadata = metadata;
    this.addressType = addressType == null ? "IPv4" : addressType;
    this.endpoints = Lists.copy(endpoints);
    this.ports = Lists.copy(ports);
  }

  @Override
  public String kind() {
    return "EndpointSlice";
  }

  /** The Service this slice belongs to; empty when the label is missing. */
  public String serviceName() {
    return metadata.labels().getOrDefault(SERVICE_NAME_LABEL, "");
  }

  /** One backend; absent conditions mean ready. */
  public record Endpoint(
      List<String> addresses,
      @Nullable Conditions conditions,
      @Nullable TargetRef targetRef,
      String nodeName,
      String zone,
      String hostname,
      @Nullable Hints hints) {
    @JsonCreator
    public Endpoint(
        @JsonProperty("addresses") @Nullable List<String> addresses,
        @JsonProperty("conditions") @Nullable Conditions conditions,
        @JsonProperty("targetRef") @Nullable TargetRef targetRef,
        @JsonProperty("nodeName") @Nullable String nodeName,
        @JsonProperty("zone") @Nullable String zone,
        @JsonProperty("hostname") @Nullable String hostname,
        @JsonProperty("hints") @Nullable Hints hints) {
      this.addresses = Lists.copy(addresses);
      this.conditions = conditions;
      this.targetRef = targetRef;
      this.nodeName = nodeName == null ? "" : nodeName;
      this.zone = zone == null ? "" : zone;
      this.hostname = hostname == null ? "" : hostname;
      this.hints = hints;
    }

    /** An endpoint without hints. */
    public Endpoint(
        @Nullable List<String> addresses,
        @Nullable Conditions conditions,
        @Nullable TargetRef targetRef,
        @Nullable String nodeName,
        @Nullable String zone,
        @Nullable String hostname) {
      this(addresses, conditions, targetRef, nodeName, zone, hostname, null);
    }

    /** Names of the zones it is meant for; empty = no hint. */
    public List<String> zonesMeant() {
      return hints == null ? List.of() : hints.forZones.stream().map(ForZone::name).toList();
    }

    /** Ready unless it says otherwise. */
    public boolean isReady() {
      return conditions == null || conditions.ready() == null || conditions.ready();
    }

    /** Still serving, ready or draining; absent means the same as ready. */
    public boolean isServing() {
      return conditions == null || conditions.serving() == null ? isReady() : conditions.serving();
    }

    public boolean isTerminating() {
      return conditions != null && Boolean.TRUE.equals(conditions.terminating());
    }
  }

  /** {@code endpoints[].conditions}; null means unknown. */
  public record Conditions(
      @JsonProperty("ready") @Nullable Boolean ready,
      @JsonProperty("serving") @Nullable Boolean serving,
      @JsonProperty("terminating") @Nullable Boolean terminating) {}

  /** {@code endpoints[].hints}. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Hints(List<ForZone> forZones) {
    public Hints(@JsonProperty("forZones") @Nullable List<ForZone> forZones) {
      this.forZones = Lists.copy(forZones);
    }
  }

  /** {@code endpoints[].hints.forZones[]}. */
  public record ForZone(String name) {
    public ForZone(@JsonProperty("name") @Nullable String name) {
      this.name = name == null ? "" : name;
    }
  }

  /** {@code endpoints[].targetRef}. */
  public record TargetRef(
      @JsonProperty("kind") @Nullable String kind,
      @JsonProperty("namespace") @Nullable String namespace,
      @JsonProperty("name") @Nullable String name) {}

  /** One port; a null number means all ports, which Selvage does not route to. */
  public record Port(String name, @Nullable Integer port, String protocol, String appProtocol) {
    public Port(
        @JsonProperty("name") @Nullable String name,
        @JsonProperty("port") @Nullable Integer port,
        @JsonProperty("protocol") @Nullable String protocol,
        @JsonProperty("appProtocol") @Nullable String appProtocol) {
      this.name = name == null ? "" : name;
      this.port = port;
      this.protocol = protocol == null ? "TCP" : protocol;
      this.appProtocol = appProtocol == null ? "" : appProtocol;
    }
  }
}
