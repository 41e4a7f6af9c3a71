// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.selvage.model.routing.KeyMaterial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Base64;

/**
 * The folder the demo's gateway reads. A file appears whole: it is written under a hidden name,
 * which the gateway passes over, and then moved.
 */
final class Manifests {
  private final Path folder;

  Manifests(Path folder) {
    this.folder = folder;
  }

  Path folder() {
    return folder;
  }

  void write(String file, String... documents) throws IOException {
    Path hidden = folder.resolve("." + file);
    Files.writeString(hidden, String.join("---\n", documents));
    Files.move(
        hidden,
        folder.resolve(file),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }

  void remove(String file) throws IOException {
    Files.delete(folder.resolve(file));
  }

  static String listener(String name, int port, String protocol) {
    return """
    apiVersion: getambassador.io/v3alpha1
    kind: Listener
    metadata:
      name: %s
    spec:
      port: %d
      protocol: %s
      securityModel: XFP
      hostBinding:
        namespace:
          from: ALL
    """
        .formatted(name, port, protocol);
  }

  /**
   * A Mapping for every host.
   *
   * @param more further lines of the spec, each indented by two and ended; may be empty
   */
  static String mapping(String name, String prefix, String service, String more) {
    return """
    apiVersion: getambassador.io/v3alpha1
    kind: Mapping
    metadata:
      name: %s
    spec:
      hostname: "*"
      prefix: %s
      service: %s
    """
            .formatted(name, prefix, service)
        + more;
  }

  static String service(String name) {
    return """
    apiVersion: v1
    kind: Service
    metadata:
      name: %s
    spec:
      ports:
        - port: 80
    """
        .formatted(name);
  }

  /** The EndpointSlice that makes a loopback port the Service's only pod. */
  static String endpoints(String service, int port) {
    return """
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata:
      name: %s-1
      labels:
        kubernetes.io/service-name: %s
    addressType: IPv4
    ports:
      - port: %d
    endpoints:
      - addresses: ["127.0.0.1"]
    """
        .formatted(service, service, port);
  }

  /** An Ingress with one path for one host; an empty host answers to all. */
  static String ingress(
      String name, String ingressClass, String host, String path, String service, String tls) {
    return """
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: %s
    spec:
      ingressClassName: %s
    """
            .formatted(name, ingressClass)
        + tls
        + """
          rules:
            - %shttp:
                paths:
                  - path: %s
                    pathType: Prefix
                    backend:
                      service:
                        name: %s
                        port:
                          number: 80
        """
            .formatted(host.isEmpty() ? "" : "host: " + host + "\n      ", path, service);
  }

  static String secret(String name, KeyMaterial material) {
    Base64.Encoder base64 = Base64.getEncoder();
    return """
    apiVersion: v1
    kind: Secret
    metadata:
      name: %s
    type: kubernetes.io/tls
    data:
      tls.crt: %s
      tls.key: %s
    """
        .formatted(
            name,
            base64.encodeToString(material.chainPem().getBytes(US_ASCII)),
            base64.encodeToString(material.keyPem().getBytes(US_ASCII)));
  }
}
