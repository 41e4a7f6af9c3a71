// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import io.fabric8.kubernetes.api.model.LoadBalancerIngress;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Finds the addresses to publish. Blocks where a Service must be asked for. */
final class AddressLookup {
  private AddressLookup() {}

  /**
   * The addresses as of now.
   *
   * @return empty where nothing is to be published, because it was not asked for or the Service
   *     does not exist
   * @throws io.fabric8.kubernetes.client.KubernetesClientException if the Service could not be read
   */
  static Optional<Set<String>> find(KubernetesClient client, PublishedAddress wanted) {
    return switch (wanted) {
      case PublishedAddress.None _ -> Optional.empty();
      case PublishedAddress.Fixed fixed -> Optional.of(Set.copyOf(fixed.addresses()));
      case PublishedAddress.OfService(String namespace, String name) -> {
        Service service = client.services().inNamespace(namespace).withName(name).get();
        yield service == null ? Optional.empty() : Optional.of(addresses(service));
      }
    };
  }

  private static Set<String> addresses(Service service) {
    var found = new HashSet<String>();
    if (service.getSpec() != null && service.getSpec().getExternalIPs() != null) {
      found.addAll(service.getSpec().getExternalIPs());
    }
    if (service.getStatus() != null && service.getStatus().getLoadBalancer() != null) {
      for (LoadBalancerIngress entry : service.getStatus().getLoadBalancer().getIngress()) {
        String address = entry.getIp() == null ? entry.getHostname() : entry.getIp();
        if (address != null) {
          found.add(address);
        }
      }
    }
    return found;
  }
}
