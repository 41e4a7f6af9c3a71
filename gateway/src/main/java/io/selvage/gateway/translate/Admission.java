// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.ObjectMeta;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which objects may appear behind a listener (Emissary Listener {@code hostBinding}): both
 * conditions hold.
 *
 * @param namespace the only namespace; absent = all
 * @param labels labels the object must carry; empty = none
 */
public record Admission(Optional<String> namespace, Map<String, String> labels) {
  private static final Admission ALL = new Admission(Optional.empty(), Map.of());

  public Admission {
    requireNonNull(namespace, "namespace");
    labels = java.util.Collections.unmodifiableMap(new TreeMap<>(labels));
  }

  /** Everything, from every namespace. */
  public static Admission all() {
    return ALL;
  }

  public boolean admits(ObjectMeta object) {
    return namespace.map(object.namespace()::equals).orElse(true)
        && object.labels().entrySet().containsAll(labels.entrySet());
  }

  /** A name that differs where the admission differs: {@code all}, or its conditions. */
  public String text() {
    if (equals(ALL)) {
      return "all";
    }
    return namespace.map(n -> "namespace=" + n).orElse("all")
        + (labels.isEmpty() ? "" : " labels=" + labels);
  }
}
