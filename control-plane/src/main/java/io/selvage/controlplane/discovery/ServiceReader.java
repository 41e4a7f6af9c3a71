// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.controlplane.link.IpLiteral;
import io.selvage.controlplane.policy.AnnotationReader;
import io.selvage.controlplane.policy.Annotations;
import io.selvage.model.Problem;
import io.selvage.model.kube.Service;
import io.selvage.model.mesh.PortRange;
import io.selvage.model.mesh.ProtocolHint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Reduces Services to facts. */
final class ServiceReader {
  private ServiceReader() {}

  /**
   * @param namespace annotations of its namespace
   */
  static ServiceFacts read(Service service, NamespaceFacts namespace, Consumer<Problem> problems) {
    List<PortRange> opaque =
        new AnnotationReader(service.ref(), service.metadata().annotations(), problems)
            .ports(Annotations.OPAQUE_PORTS)
            .orElse(namespace.opaque());
    var ports = new ArrayList<ServiceFacts.Port>();
    for (Service.Port port : service.spec().ports()) {
      if (port.protocol().equals("TCP")) {
        Optional<ProtocolHint> stated = AppProtocols.hint(port.appProtocol());
        boolean isOpaque = opaque.stream().anyMatch(range -> range.contains(port.port()));
        ports.add(
            new ServiceFacts.Port(
                port.name(),
                port.port(),
                stated.orElse(isOpaque ? ProtocolHint.OPAQUE : ProtocolHint.DETECT),
                stated.isPresent()));
      }
    }
    return new ServiceFacts(
        new ServiceKey(service.metadata().namespace(), service.metadata().name()),
        service.metadata().creationTimestamp(),
        canonical(
            Stream.concat(
                Stream.of(service.spec().clusterIP()), service.spec().clusterIPs().stream())),
        canonical(
            Stream.concat(
                service.spec().externalIPs().stream(), service.status().addresses().stream())),
        ports,
        service.spec().internalTrafficPolicy().equals("Local"));
  }

  /** "None" and everything else that is no address falls out. */
  private static List<String> canonical(Stream<String> addresses) {
    return addresses.map(IpLiteral::canonical).flatMap(Optional::stream).distinct().toList();
  }
}
