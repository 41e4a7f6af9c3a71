// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.controlplane.discovery.SliceFacts.Backend;
import io.selvage.controlplane.link.IpLiteral;
import io.selvage.model.Problem;
import io.selvage.model.kube.EndpointSlice;
import io.selvage.model.mesh.PodRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reduces EndpointSlices to facts: endpoints that serve, and ports of TCP. */
final class SliceReader {
  private SliceReader() {}

  static SliceFacts read(EndpointSlice slice, Consumer<Problem> problems) {
    if (slice.addressType().equals("FQDN")) {
      return new SliceFacts(Map.of(), List.of());
    }
    var ports = new HashMap<String, Integer>();
    for (EndpointSlice.Port port : slice.ports()) {
      Integer number = port.port();
      if (number != null && number >= 1 && number <= 65_535 && port.protocol().equals("TCP")) {
        ports.putIfAbsent(port.name(), number);
      }
    }
    var backends = new ArrayList<Backend>(slice.endpoints().size());
    for (EndpointSlice.Endpoint endpoint : slice.endpoints()) {
      boolean stays = endpoint.isReady() && !endpoint.isTerminating();
      boolean drains = endpoint.isTerminating() && endpoint.isServing();
      if ((stays || drains) && !endpoint.addresses().isEmpty()) {
        // The API calls all addresses of an endpoint fungible and lets clients take the first.
        String text = endpoint.addresses().getFirst();
        Optional<String> address = IpLiteral.canonical(text);
        if (address.isPresent()) {
          backends.add(backend(slice, endpoint, address.get(), text, drains));
        } else {
          problems.accept(
              Problem.error(
                  slice.ref(),
                  "endpoints[].addresses",
                  "InvalidAddress",
                  "\"" + text + "\" is no IP address; the endpoint is left out"));
        }
      }
    }
    return new SliceFacts(ports, backends);
  }

  private static Backend backend(
      EndpointSlice slice,
      EndpointSlice.Endpoint endpoint,
      String address,
      String text,
      boolean drains) {
    List<String> zones = endpoint.zonesMeant();
    return new Backend(
        address,
        text,
        pod(slice, endpoint.targetRef()),
        endpoint.nodeName(),
        endpoint.zone(),
        drains,
        zones.isEmpty() ? Set.of() : Set.copyOf(zones));
  }

  private static PodRef pod(EndpointSlice slice, EndpointSlice.@Nullable TargetRef target) {
    if (target == null || !"Pod".equals(target.kind()) || target.name() == null) {
      return PodRef.NONE;
    }
    String namespace = target.namespace();
    return new PodRef(
        namespace == null || namespace.isEmpty() ? slice.metadata().namespace() : namespace,
        target.name());
  }
}
