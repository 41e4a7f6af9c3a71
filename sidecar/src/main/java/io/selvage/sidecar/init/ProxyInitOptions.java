// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PortRange;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is redirected and what is not.
 *
 * @param inboundPort the sidecar's port for connections that reach the pod, 1..65535
 * @param outboundPort the sidecar's port for connections the pod makes, 1..65535
 * @param adminPort never redirected, 1..65535
 * @param proxyUid connections of this user are never redirected: the sidecar's own
 * @param proxyGid connections of this group neither
 * @param skipInbound ports of the pod at which connections are left alone; at most {@link
 *     #MAX_PORT_ENTRIES}
 * @param skipOutbound ports elsewhere to which connections are left alone; at most {@link
 *     #MAX_PORT_ENTRIES}
 * @param skipSubnets clients whose connections to the pod are left alone; at most {@link
 *     #MAX_SUBNETS}
 * @param mode whose programs
 * @param ipv6 whether IPv6 gets the same rules; empty: where the kernel has IPv6
 */
public record ProxyInitOptions(
    int inboundPort,
    int outboundPort,
    int adminPort,
    int proxyUid,
    OptionalInt proxyGid,
    List<PortRange> skipInbound,
    List<PortRange> skipOutbound,
    List<Subnet> skipSubnets,
    IptablesMode mode,
    Optional<Boolean> ipv6) {
  /** Ports and ranges in one list. */
  public static final int MAX_PORT_ENTRIES = 500;

  /** Subnets in the list. */
  public static final int MAX_SUBNETS = 100;

  /** What a sidecar with default ports needs. */
  public static final ProxyInitOptions DEFAULT =
      new ProxyInitOptions(
          MeshProtocol.INBOUND_PORT,
          MeshProtocol.OUTBOUND_PORT,
          MeshProtocol.ADMIN_PORT,
          MeshProtocol.PROXY_UID,
          OptionalInt.empty(),
          List.of(),
          List.of(),
          List.of(),
          IptablesMode.NFT,
          Optional.empty());

  public ProxyInitOptions {
    skipInbound = List.copyOf(skipInbound);
    skipOutbound = List.copyOf(skipOutbound);
    skipSubnets = List.copyOf(skipSubnets);
    requirePort("--inbound-port", inboundPort);
    requirePort("--outbound-port", outboundPort);
    requirePort("--admin-port", adminPort);
    if (inboundPort == outboundPort || inboundPort == adminPort || outboundPort == adminPort) {
      throw new IllegalArgumentException(
          "inbound, outbound and admin port must differ: %d, %d, %d"
              .formatted(inboundPort, outboundPort, adminPort));
    }
    requireId("--proxy-uid", proxyUid);
    if (proxyUid == 0) {
      // Root is too often the application.
      throw new IllegalArgumentException("--proxy-uid 0 would exempt everything root runs");
    }
    proxyGid.ifPresent(gid -> requireId("--proxy-gid", gid));
    requireCount("--skip-inbound-ports", skipInbound.size(), MAX_PORT_ENTRIES);
    requireCount("--skip-outbound-ports", skipOutbound.size(), MAX_PORT_ENTRIES);
    requireCount("--skip-subnets", skipSubnets.size(), MAX_SUBNETS);
  }

  private static void requirePort(String flag, int port) {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException(flag + " " + port + " is no port");
    }
  }

  private static void requireId(String flag, int id) {
    if (id < 0) {
      throw new IllegalArgumentException(flag + " " + id + " is negative");
    }
  }

  private static void requireCount(String flag, int count, int limit) {
    if (count > limit) {
      throw new IllegalArgumentException(
          "%s has %d entries, more than %d".formatted(flag, count, limit));
    }
  }
}
