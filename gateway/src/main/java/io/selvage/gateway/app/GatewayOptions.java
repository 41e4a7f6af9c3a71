// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import static java.util.Objects.requireNonNull;

import io.selvage.gateway.translate.CompileOptions;
import io.selvage.mesh.MeshOptions;
import io.selvage.proxy.transport.TransportKind;
import java.time.Duration;
import java.util.Optional;

/**
 * How a gateway process runs.
 *
 * @param compile what is made of the objects
 * @param adminAddress IP literal of the admin port
 * @param adminPort 0..65535; 0 lets the system choose
 * @param lameDuck how long new connections are still accepted once readiness is off, so that
 *     whoever sends traffic here can notice
 * @param drainTimeout longest wait for running exchanges after that
 * @param eventLoops threads that carry traffic; 0 = one for each processor
 * @param transport how they wait for sockets; the JDK's selectors stand in where it is missing
 * @param mesh how the gateway is part of the mesh; empty = it is none
 */
public record GatewayOptions(
    CompileOptions compile,
    String adminAddress,
    int adminPort,
    Duration lameDuck,
    Duration drainTimeout,
    int eventLoops,
    TransportKind transport,
    Optional<MeshOptions> mesh) {
  /** Long enough for an endpoint's removal to reach every node. */
  public static final Duration LAME_DUCK = Duration.ofSeconds(5);

  /** The kubelet's default grace period. */
  public static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(30);

  public static final int ADMIN_PORT = 9901;

  public GatewayOptions {
    requireNonNull(compile, "compile");
    requireNonNull(adminAddress, "adminAddress");
    requireNonNull(transport, "transport");
    requireNonNull(mesh, "mesh");
    requireNotNegative(lameDuck, "lameDuck");
    requireNotNegative(drainTimeout, "drainTimeout");
    if (adminPort < 0 || adminPort > 65_535) {
      throw new IllegalArgumentException("admin port " + adminPort + " is not within 0..65535");
    }
    if (eventLoops < 0) {
      throw new IllegalArgumentException("eventLoops is negative");
    }
  }

  /** Not part of the mesh. */
  public GatewayOptions(
      CompileOptions compile,
      String adminAddress,
      int adminPort,
      Duration lameDuck,
      Duration drainTimeout,
      int eventLoops,
      TransportKind transport) {
    this(
        compile,
        adminAddress,
        adminPort,
        lameDuck,
        drainTimeout,
        eventLoops,
        transport,
        Optional.empty());
  }

  /** On the usual transport, and not part of the mesh. */
  public GatewayOptions(
      CompileOptions compile,
      String adminAddress,
      int adminPort,
      Duration lameDuck,
      Duration drainTimeout,
      int eventLoops) {
    this(compile, adminAddress, adminPort, lameDuck, drainTimeout, eventLoops, TransportKind.EPOLL);
  }

  /** The same on another transport. */
  public GatewayOptions withTransport(TransportKind other) {
    return new GatewayOptions(
        compile, adminAddress, adminPort, lameDuck, drainTimeout, eventLoops, other, mesh);
  }

  /** The same as a workload of the mesh. */
  public GatewayOptions withMesh(MeshOptions member) {
    return new GatewayOptions(
        compile,
        adminAddress,
        adminPort,
        lameDuck,
        drainTimeout,
        eventLoops,
        transport,
        Optional.of(member));
  }

  private static void requireNotNegative(Duration duration, String name) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException(name + " is negative");
    }
  }

  /** The defaults of {@code mesh gateway}: admin on loopback. */
  public static GatewayOptions defaults() {
    return new GatewayOptions(
        CompileOptions.defaults(), "127.0.0.1", ADMIN_PORT, LAME_DUCK, DRAIN_TIMEOUT, 0);
  }
}
