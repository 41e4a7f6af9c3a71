// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.InboundSettings.Probe;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** {@link InboundSettings}, ready to be asked. Immutable. */
public final class InboundRules {
  private final InboundSettings settings;
  private final Networks cluster;
  private final Networks kubelets;
  private final Set<Probe> probes;
  private final List<String> problems = new ArrayList<>();

  public InboundRules(InboundSettings settings) {
    this.settings = settings;
    this.cluster = Networks.of(settings.clusterNetworks(), this::bad);
    this.kubelets =
        settings.probeNetworks().isEmpty()
            ? cluster
            : Networks.of(settings.probeNetworks(), this::bad);
    this.probes = new HashSet<>(settings.probes());
  }

  private void bad(String cidr) {
    problems.add("\"" + cidr + "\" is no network; it matches nobody");
  }

  public InboundSettings settings() {
    return settings;
  }

  /** Entries of the settings that make no sense, for the log. */
  public List<String> problems() {
    return List.copyOf(problems);
  }

  /** Whether the bytes of a port's connections are never looked at. */
  public boolean isOpaque(int port) {
    return settings.opaquePorts().contains(port);
  }

  /**
   * Whether a client may come in.
   *
   * @param authenticated whether it has proved an identity of the mesh
   */
  public Verdict judge(InetAddress client, boolean authenticated) {
    return switch (settings.policy()) {
      case ALL_UNAUTHENTICATED -> Verdict.ALLOWED;
      case ALL_AUTHENTICATED -> authenticated ? Verdict.ALLOWED : Verdict.UNAUTHENTICATED;
      case CLUSTER_AUTHENTICATED -> {
        if (!authenticated) {
          yield Verdict.UNAUTHENTICATED;
        }
        yield cluster.contains(client) ? Verdict.ALLOWED : Verdict.OUTSIDE_CLUSTER;
      }
      case CLUSTER_UNAUTHENTICATED ->
          cluster.contains(client) ? Verdict.ALLOWED : Verdict.OUTSIDE_CLUSTER;
      case DENY -> Verdict.DENIED;
      case AUDIT -> Verdict.AUDITED;
    };
  }

  /**
   * Whether a request may come in.
   *
   * @param port as the pod sees it
   * @param method a kubelet's is GET, or POST for gRPC; any other one is no probe
   * @param path path and query as sent
   */
  public Verdict judge(
      InetAddress client, boolean authenticated, int port, String method, String path) {
    Verdict verdict = judge(client, authenticated);
    boolean unquestioned = verdict == Verdict.ALLOWED;
    return !unquestioned && isProbe(client, port, method, path) ? Verdict.PROBE : verdict;
  }

  /**
   * Whether a connection may come in of which only bytes are seen, or TLS that is not the mesh's.
   *
   * @param port as the pod sees it
   * @param tls whether it began like TLS, as that of a kubelet's HTTPS probe does
   */
  public Verdict judgeRaw(InetAddress client, boolean authenticated, int port, boolean tls) {
    Verdict verdict = judge(client, authenticated);
    boolean unquestioned = verdict == Verdict.ALLOWED;
    return !unquestioned && isRawProbe(client, port, tls) ? Verdict.PROBE : verdict;
  }

  private boolean isProbe(InetAddress client, int port, String method, String path) {
    String asked = path.equals(Probe.GRPC_HEALTH) ? "POST" : "GET";
    return path.startsWith("/")
        && method.equals(asked)
        && probes.contains(new Probe(port, path))
        && kubelets.contains(client);
  }

  /** Nobody's path is seen here, so it has to be known where the kubelet is. */
  private boolean isRawProbe(InetAddress client, int port, boolean tls) {
    boolean asked =
        isOpaque(port)
            ? probes.stream().anyMatch(probe -> probe.port() == port && !probe.path().isEmpty())
            : tls && probes.contains(new Probe(port, Probe.HTTPS));
    return asked && !settings.probeNetworks().isEmpty() && kubelets.contains(client);
  }
}
