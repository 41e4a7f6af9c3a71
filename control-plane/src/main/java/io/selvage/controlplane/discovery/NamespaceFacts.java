// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.controlplane.policy.AnnotationReader;
import io.selvage.controlplane.policy.Annotations;
import io.selvage.model.Problem;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.PortRange;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a namespace says for everything in it.
 *
 * @param policy inbound policy of its pods
 */
public record NamespaceFacts(List<PortRange> opaque, Optional<InboundPolicy> policy) {
  static final NamespaceFacts NONE = new NamespaceFacts(List.of(), Optional.empty());

  public NamespaceFacts {
    opaque = List.copyOf(opaque);
  }

  static NamespaceFacts read(KubeObject namespace, Consumer<Problem> problems) {
    var reader =
        new AnnotationReader(namespace.ref(), namespace.metadata().annotations(), problems);
    return new NamespaceFacts(
        reader.ports(Annotations.OPAQUE_PORTS).orElse(List.of()), reader.inboundPolicy());
  }
}
