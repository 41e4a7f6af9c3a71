// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.scale;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A folder of Ingresses, each with a host of its own, over a tenth as many Services with one
 * endpoint each. Object i of the folder is named {@code app-i} and answers to {@code app-i.test}.
 */
final class ManyObjects {
  /** Objects of one kind in one file: a folder of a few hundred files is what people have. */
  private static final int PER_FILE = 50;

  private final Path folder;
  private final int ingresses;
  private final int services;

  ManyObjects(Path folder, int ingresses) {
    this.folder = folder;
    this.ingresses = ingresses;
    this.services = Math.max(1, ingresses / 10);
  }

  void write(int backendPort) throws IOException {
    for (int first = 0; first < ingresses; first += PER_FILE) {
      var text = new StringBuilder();
      for (int i = first; i < Math.min(ingresses, first + PER_FILE); i++) {
        text.append(ingress(i)).append("---\n");
      }
      write("ingress-" + first, text.toString());
    }
    for (int first = 0; first < services; first += PER_FILE) {
      var text = new StringBuilder();
      for (int i = first; i < Math.min(services, first + PER_FILE); i++) {
        text.append(service(i)).append("---\n");
        // The first Service's endpoints are the ones that change: they have a file of their own.
        if (i > 0) {
          text.append(endpoints(i, backendPort)).append("---\n");
        }
      }
      write("service-" + first, text.toString());
    }
    pointFirstServiceAt(backendPort);
  }

  /** Adds one more Ingress in a file of its own. */
  void addOne() throws IOException {
    write("one-more", ingress(ingresses));
  }

  void pointFirstServiceAt(int backendPort) throws IOException {
    write("endpoints-0", endpoints(0, backendPort));
  }

  /** Host of Ingress {@code i}. */
  static String host(int i) {
    return "app-" + i + ".test";
  }

  int ingresses() {
    return ingresses;
  }

  private void write(String name, String text) throws IOException {
    Path hidden = folder.resolve("." + name + ".yaml");
    Files.writeString(hidden, text);
    Files.move(
        hidden,
        folder.resolve(name + ".yaml"),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }

  private String ingress(int i) {
    return """
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: app-%d
    spec:
      ingressClassName: selvage
      rules:
        - host: %s
          http:
            paths:
              - path: /
                pathType: Prefix
                backend: {service: {name: service-%d, port: {number: 80}}}
    """
        .formatted(i, host(i), i % services);
  }

  private static String service(int i) {
    return """
    apiVersion: v1
    kind: Service
    metadata: {name: service-%d}
    spec: {ports: [{port: 80}]}
    """
        .formatted(i);
  }

  private static String endpoints(int i, int port) {
    return """
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata:
      name: service-%d-1
      labels: {kubernetes.io/service-name: service-%d}
    addressType: IPv4
    ports: [{port: %d}]
    endpoints: [{addresses: ["127.0.0.1"]}]
    """
        .formatted(i, i, port);
  }
}
