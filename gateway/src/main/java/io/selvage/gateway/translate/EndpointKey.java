// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.kube.Service;

/**
 * Names the endpoint set of one Service port.
 *
 * @param port the Service's port number (not the pods')
 */
public record EndpointKey(String namespace, String service, int port) {
  public static EndpointKey of(Service service, Service.Port port) {
    return new EndpointKey(service.metadata().namespace(), service.metadata().name(), port.port());
  }

  /** Reads what {@link #toString()} wrote. */
  public static EndpointKey parse(String text) {
    int first = text.indexOf('/');
    int last = text.lastIndexOf('/');
    if (first < 0 || first == last) {
      throw new IllegalArgumentException("no endpoint key: " + text);
    }
    return new EndpointKey(
        text.substring(0, first),
        text.substring(first + 1, last),
        Integer.parseInt(text.substring(last + 1)));
  }

  /** {@code namespace/service/port}. */
  @Override
  public String toString() {
    return namespace + "/" + service + "/" + port;
  }
}
