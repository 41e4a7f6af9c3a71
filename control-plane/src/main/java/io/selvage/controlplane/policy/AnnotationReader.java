// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.policy;

import io.selvage.model.Problem;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.PortRange;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Reads annotations of one object. A value that is none counts as absent, so that the next outer
 * one holds, and is told as a problem.
 */
public final class AnnotationReader {
  private final ObjectRef object;
  private final Map<String, String> annotations;
  private final Consumer<Problem> problems;

  /** A reader of {@code object}'s annotations that tells {@code problems} what is wrong. */
  public AnnotationReader(
      ObjectRef object, Map<String, String> annotations, Consumer<Problem> problems) {
    this.object = object;
    this.annotations = annotations;
    this.problems = problems;
  }

  /** Ports and ranges; an empty value is an empty list, which is not the same as none. */
  public Optional<List<PortRange>> ports(String name) {
    String text = annotations.get(name);
    if (text == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(PortRange.parseList(text));
    } catch (IllegalArgumentException e) {
      tell(name, "InvalidPortList", e.getMessage() + "; the annotation is left out");
      return Optional.empty();
    }
  }

  /** The pod's, or the namespace's, own default. */
  public Optional<InboundPolicy> inboundPolicy() {
    String text = annotations.get(Annotations.DEFAULT_INBOUND_POLICY);
    if (text == null) {
      return Optional.empty();
    }
    Optional<InboundPolicy> policy = InboundPolicy.parse(text.strip());
    if (policy.isEmpty()) {
      tell(
          Annotations.DEFAULT_INBOUND_POLICY,
          "InvalidInboundPolicy",
          "\"" + text + "\" is no inbound policy; the annotation is left out");
    }
    return policy;
  }

  private void tell(String name, String reason, String message) {
    problems.accept(Problem.warning(object, "metadata.annotations[" + name + "]", reason, message));
  }
}
