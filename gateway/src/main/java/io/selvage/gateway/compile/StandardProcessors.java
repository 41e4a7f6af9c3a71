// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.compile;

import io.selvage.gateway.translate.DefaultListeners;
import io.selvage.gateway.translate.Processor;
import io.selvage.gateway.translate.ingress.IngressProcessor;
import java.util.List;

/**
 * Every processor, in the order they run: settings and listeners first, then what makes virtual
 * hosts, then what adds routes to virtual hosts that are there. A new kind is a line here.
 */
final class StandardProcessors {
  private StandardProcessors() {}

  static List<Processor> inOrder() {
    return List.of(
        new DefaultListeners(),
        new IngressProcessor(),
        new DefaultListeners.CloseUnused());
  }
}
