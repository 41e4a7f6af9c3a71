// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import io.selvage.mesh.discovery.Destinations;
import io.selvage.mesh.discovery.InboundFeed;
import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.mesh.traffic.TrafficRecorder;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import java.time.InstantSource;
import java.util.Optional;

/**
 * A proxy's membership in the mesh: its certificate, its stream to the control plane, and what goes
 * up and down on it. Thread-safe.
 */
public interface MeshMember extends AutoCloseable {
  /**
   * Begins. Returns at once and keeps trying for as long as it takes.
   *
   * @param loops where the proxy's traffic runs; one of them carries the stream too
   * @param tls the member puts certificate and bundle in; stays the caller's
   */
  static MeshMember start(MeshOptions options, EventLoops loops, MeshTls tls) {
    return RunningMember.start(options, loops, tls, InstantSource.system(), 1_000);
  }

  /** What original destinations stand for; for sidecars. */
  Destinations destinations();

  /** How to treat what arrives; for sidecars. */
  InboundFeed inbound();

  /** How endpoints are to be spoken to; for gateways. */
  PodDirectory pods();

  /** Counts traffic. */
  TrafficRecorder traffic();

  /**
   * What is missing before traffic should be sent here: there is no certificate, or it ends soon
   * and could not be renewed. For {@link io.selvage.proxy.admin.Readiness#check}; the control plane
   * being away is no reason while the certificate is good.
   */
  Optional<String> missing();

  /** Whether the stream to the control plane is open. */
  boolean isConnected();

  /** Metrics of the mesh in Prometheus' text format 0.0.4, without an end marker. */
  String metrics();

  /** Closes the stream and stops all timers. What was known stays readable. */
  @Override
  void close();
}
