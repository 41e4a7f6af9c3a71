// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.Lists;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code spec} of a Listener. ({@code ListenerSpec} is the routing model's word.)
 *
 * @param port 1..65535
 * @param protocol HTTP, HTTPS, HTTPPROXY, HTTPSPROXY, TCP or TLS; exactly one of this and
 *     protocolStack
 * @param protocolStack outermost first, of TLS, PROXY, HTTP, TCP and UDP
 * @param securityModel XFP, SECURE or INSECURE
 * @param l7Depth trusted proxies in front, 0 when absent
 * @param http2MaxConcurrentStreams streams per connection
 */
public record ListenerSpecification(
    AmbassadorIds ambassadorIds,
    @Nullable Integer port,
    @Nullable String protocol,
    List<String> protocolStack,
    @Nullable String securityModel,
    @Nullable Integer l7Depth,
    @Nullable String statsPrefix,
    @Nullable Integer http2MaxConcurrentStreams,
    @Nullable HostBinding hostBinding) {
  public ListenerSpecification(
      @JsonProperty("ambassador_id") @Nullable AmbassadorIds ambassadorIds,
      @JsonProperty("port") @Nullable Integer port,
      @JsonProperty("protocol") @Nullable String protocol,
      @JsonProperty("protocolStack") @Nullable List<String> protocolStack,
      @JsonProperty("securityModel") @Nullable String securityModel,
      @JsonProperty("l7Depth") @Nullable Integer l7Depth,
      @JsonProperty("statsPrefix") @Nullable String statsPrefix,
      @JsonProperty("http2MaxConcurrentStreams") @Nullable Integer http2MaxConcurrentStreams,
      @JsonProperty("hostBinding") @Nullable HostBinding hostBinding) {
    this.ambassadorIds = AmbassadorIds.orDefault(ambassadorIds);
    this.port = port;
    this.protocol = protocol;
    this.protocolStack = Lists.copy(protocolStack);
    this.securityModel = securityModel;
    this.l7Depth = l7Depth;
    this.statsPrefix = statsPrefix;
    this.http2MaxConcurrentStreams = http2MaxConcurrentStreams;
    this.hostBinding = hostBinding;
  }

  /** {@code hostBinding}: which Hosts appear on the port; with both parts, both must hold. */
  public record HostBinding(
      @JsonProperty("namespace") @Nullable NamespaceBinding namespace,
      @JsonProperty("selector") @Nullable LabelSelector selector) {}

  /**
   * {@code hostBinding.namespace}.
   *
   * @param from SELF (the Listener's own namespace) or ALL
   */
  public record NamespaceBinding(@JsonProperty("from") @Nullable String from) {}
}
