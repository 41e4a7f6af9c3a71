// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.policy;

import io.selvage.model.Problem;
import io.selvage.model.kube.IntOrString;
import io.selvage.model.kube.Pod;
import io.selvage.model.mesh.InboundSettings.Probe;
import io.selvage.model.wire.WireLimits;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the kubelet asks a pod's containers. */
final class Probes {
  private Probes() {}

  /** Probes of all containers, each once; one that cannot be read is a problem and left out. */
  static List<Probe> of(Pod pod, Consumer<Problem> problems) {
    var probes = new LinkedHashSet<Probe>();
    pod.allContainers()
        .forEach(container ->
            container
                .probes()
                .map(probe -> read(pod, container, probe, problems))
                .flatMap(Optional::stream)
                .forEach(probes::add));
    if (probes.size() <= WireLimits.PROBES) {
      return List.copyOf(probes);
    }
    tell(pod, problems, "only the first " + WireLimits.PROBES + " probes always pass");
    return new ArrayList<>(probes).subList(0, WireLimits.PROBES);
  }

  private static Optional<Probe> read(
      Pod pod, Pod.Container container, Pod.Probe probe, Consumer<Problem> problems) {
    Pod.HttpGet http = probe.httpGet();
    if (http != null) {
      String path = http.scheme().equalsIgnoreCase("HTTPS") ? Probe.HTTPS : absolute(http.path());
      if (path.getBytes(StandardCharsets.UTF_8).length > WireLimits.TEXT_BYTES) {
        tell(pod, problems, "a probe's path of container " + container.name() + " is too long");
        return Optional.empty();
      }
      return port(pod, container, http.port(), problems).map(port -> new Probe(port, path));
    }
    Pod.TcpSocket tcp = probe.tcpSocket();
    if (tcp != null) {
      return port(pod, container, tcp.port(), problems).map(port -> new Probe(port, ""));
    }
    Pod.Grpc grpc = probe.grpc();
    return grpc == null
        ? Optional.empty()
        : port(pod, container, IntOrString.of(grpc.port()), problems)
            .map(port -> new Probe(port, Probe.GRPC_HEALTH));
  }

  /** The kubelet puts the slash there too. */
  private static String absolute(String path) {
    return path.startsWith("/") ? path : "/" + path;
  }

  private static Optional<Integer> port(
      Pod pod, Pod.Container container, @Nullable IntOrString port, Consumer<Problem> problems) {
    Optional<Integer> number =
        (port == null ? Optional.<Integer>empty() : container.resolve(port))
            .filter(n -> n >= 1 && n <= 65_535);
    if (number.isEmpty()) {
      tell(
          pod,
          problems,
          "container "
              + container.name()
              + " has no port "
              + (port == null ? "" : port.isName() ? port.name() : port.number())
              + ", which a probe asks for");
    }
    return number;
  }

  private static void tell(Pod pod, Consumer<Problem> problems, String message) {
    problems.accept(Problem.warning(pod.ref(), "spec.containers", "InvalidProbe", message));
  }
}
