// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.compile;

import io.selvage.gateway.translate.DefaultListeners;
import io.selvage.gateway.translate.Processor;
import io.selvage.gateway.translate.emissary.HostProcessor;
import io.selvage.gateway.translate.emissary.ListenerProcessor;
import io.selvage.gateway.translate.emissary.MappingProcessor;
import io.selvage.gateway.translate.emissary.ModuleProcessor;
import io.selvage.gateway.translate.emissary.ReportedKinds;
import io.selvage.gateway.translate.emissary.TcpMappingProcessor;
import io.selvage.gateway.translate.emissary.TlsContextProcessor;
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
        new ModuleProcessor(),
        new DefaultListeners(),
        new ListenerProcessor(),
        new HostProcessor(),
        new TlsContextProcessor(),
        new MappingProcessor(),
        new IngressProcessor(),
        new TcpMappingProcessor(),
        new ReportedKinds(),
        new DefaultListeners.CloseUnused());
  }
}
