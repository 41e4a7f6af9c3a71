// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.controlplane;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Manifests of many meshed pods behind Services of fifty each. */
final class ManyPods {
  static final int PODS_OF_SERVICE = 50;

  private final Path folder;
  private final int pods;

  ManyPods(Path folder, int pods) {
    this.folder = folder;
    this.pods = pods;
  }

  int services() {
    return pods / PODS_OF_SERVICE;
  }

  static String clusterIp(int service) {
    return "10.96." + service / 250 + "." + (service % 250 + 1);
  }

  private static String podIp(int pod) {
    return "10.1." + pod / 250 + "." + (pod % 250 + 1);
  }

  void write() throws IOException {
    for (int service = 0; service < services(); service++) {
      var text = new StringBuilder();
      text.append(
          """
          apiVersion: v1
          kind: Service
          metadata: {name: s-%d, namespace: load}
          spec: {clusterIP: %s, ports: [{name: http, port: 80}]}
          """
              .formatted(service, clusterIp(service)));
      for (int i = 0; i < PODS_OF_SERVICE; i++) {
        int pod = service * PODS_OF_SERVICE + i;
        text.append(
            """
            ---
            apiVersion: v1
            kind: Pod
            metadata:
              name: p-%d
              namespace: load
              labels: {selvage.io/control-plane-ns: selvage, app: s-%d}
            spec:
              serviceAccountName: load
              nodeName: n-%d
              containers: [{name: app, image: app, ports: [{containerPort: 8080}]}]
            status: {phase: Running, podIP: %s}
            """
                .formatted(pod, service, pod % 100, podIp(pod)));
      }
      Files.writeString(folder.resolve("s-" + service + ".yaml"), text);
      writeSlice(service, 0);
    }
  }

  /**
   * Writes the EndpointSlice of a Service; each round another of its pods is left out.
   *
   * @return the address that is left out
   */
  String writeSlice(int service, int round) throws IOException {
    var text = new StringBuilder();
    text.append(
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: s-%d
          namespace: load
          labels: {kubernetes.io/service-name: s-%d}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints:
        """
            .formatted(service, service));
    int leftOut = service * PODS_OF_SERVICE + round % PODS_OF_SERVICE;
    for (int i = 0; i < PODS_OF_SERVICE; i++) {
      int pod = service * PODS_OF_SERVICE + i;
      if (pod != leftOut) {
        text.append("- addresses: [").append(podIp(pod)).append("]\n");
        text.append("  targetRef: {kind: Pod, name: p-").append(pod).append("}\n");
      }
    }
    Path written = folder.resolveSibling("next.slice");
    Files.writeString(written, text);
    Files.move(
        written,
        folder.resolve("e-" + service + ".yaml"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    return podIp(leftOut);
  }
}
