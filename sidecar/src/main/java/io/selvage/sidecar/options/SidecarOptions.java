// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.options;

import static java.util.Objects.requireNonNull;

import io.selvage.mesh.MeshOptions.ControlAddress;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * How a sidecar is set up.
 *
 * @param controlPlane where its replicas are
 * @param controlPlaneIdentity whom it must prove to be
 * @param tokenFile read again for each certificate
 * @param trustAnchors PEM; read at the start, replaced by what the control plane pushes
 * @param pod the pod's name
 * @param podIps the pod's addresses; empty only where all listeners are pairs
 * @param inboundPort of redirected connections; 0 = not listening
 * @param outboundPort of redirected connections; 0 = not listening
 * @param adminAddress IP literal
 * @param adminPort 0 = any free one
 * @param inbound listeners that need no redirection
 * @param outbound listeners that need no redirection
 * @param inboundPolicy until the control plane has told
 * @param detectGrace how long a client may be silent before its server is asked to speak
 * @param outboundConnectTimeout at least 1 ms
 * @param inboundConnectTimeout at least 1 ms
 * @param logLevel one of {@link #LOG_LEVELS}
 * @param eventLoops at least 1
 * @param shutdown how the sidecar leaves
 */
public record SidecarOptions(
    List<ControlAddress> controlPlane,
    WorkloadIdentity controlPlaneIdentity,
    String trustDomain,
    Path tokenFile,
    Path trustAnchors,
    PodRef pod,
    List<InetAddress> podIps,
    int inboundPort,
    int outboundPort,
    String adminAddress,
    int adminPort,
    List<AddressPair> inbound,
    List<AddressPair> outbound,
    InboundPolicy inboundPolicy,
    Duration detectGrace,
    Duration outboundConnectTimeout,
    Duration inboundConnectTimeout,
    String logLevel,
    int eventLoops,
    Shutdown shutdown) {
  /** Levels of the log, from few words to many. */
  public static final Set<String> LOG_LEVELS =
      Set.of("off", "error", "warn", "info", "debug", "trace");

  /**
   * How the sidecar leaves.
   *
   * @param grace how long at most connections are served after SIGTERM
   * @param quiet with no connection open and none opened for this long, the application is gone
   * @param byAdmin whether {@code POST /shutdown} from loopback works
   */
  public record Shutdown(Duration grace, Duration quiet, boolean byAdmin) {
    public Shutdown {
      requireNonNull(grace, "grace");
      requireNonNull(quiet, "quiet");
    }
  }

  public SidecarOptions {
    controlPlane = List.copyOf(controlPlane);
    requireNonNull(controlPlaneIdentity, "controlPlaneIdentity");
    requireNonNull(trustDomain, "trustDomain");
    requireNonNull(tokenFile, "tokenFile");
    requireNonNull(trustAnchors, "trustAnchors");
    requireNonNull(pod, "pod");
    podIps = List.copyOf(podIps);
    requireNonNull(adminAddress, "adminAddress");
    inbound = List.copyOf(inbound);
    outbound = List.copyOf(outbound);
    requireNonNull(inboundPolicy, "inboundPolicy");
    requireNonNull(detectGrace, "detectGrace");
    requireNonNull(outboundConnectTimeout, "outboundConnectTimeout");
    requireNonNull(inboundConnectTimeout, "inboundConnectTimeout");
    requireNonNull(logLevel, "logLevel");
    requireNonNull(shutdown, "shutdown");
  }
}
