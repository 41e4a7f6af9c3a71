// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import java.util.Optional;

/** The parts of a Service's label, {@code namespace/name:port}, as proxies report it. */
record ServiceName(String namespace, String name) {
  /** Empty for a label of another form. */
  static Optional<ServiceName> parse(String label) {
    int slash = label.indexOf('/');
    int colon = label.lastIndexOf(':');
    return slash < 1 || colon <= slash + 1
        ? Optional.empty()
        : Optional.of(
            new ServiceName(label.substring(0, slash), label.substring(slash + 1, colon)));
  }
}
