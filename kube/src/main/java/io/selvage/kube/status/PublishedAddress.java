// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import static java.util.Objects.requireNonNull;

import java.util.List;

/** The address clients use, as it is to stand in the status of each Ingress. */
public sealed interface PublishedAddress {
  /** Nothing is published; statuses of Ingresses are left alone. */
  record None() implements PublishedAddress {}

  /** IP addresses or host names given on the command line. */
  record Fixed(List<String> addresses) implements PublishedAddress {
    public Fixed {
      addresses = List.copyOf(addresses);
    }
  }

  /** Whatever a Service's load balancer and {@code externalIPs} say, looked up again and again. */
  record OfService(String namespace, String name) implements PublishedAddress {
    public OfService {
      requireNonNull(namespace, "namespace");
      requireNonNull(name, "name");
    }

    /**
     * Reads {@code namespace/name}.
     *
     * @throws IllegalArgumentException if the text has another form
     */
    public static OfService parse(String text) {
      int slash = text.indexOf('/');
      if (slash <= 0 || slash == text.length() - 1 || text.indexOf('/', slash + 1) >= 0) {
        throw new IllegalArgumentException("expected namespace/name of a Service, found " + text);
      }
      return new OfService(text.substring(0, slash), text.substring(slash + 1));
    }
  }
}
