// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** {@code networking.k8s.io/v1} IngressClass. */
public record IngressClass(
    @JsonProperty("metadata") ObjectMeta metadata, @JsonProperty("spec") @Nullable Spec spec)
    implements KubeObject {
  /** Marks the class used by Ingresses that name none. */
  public static final String DEFAULT_CLASS_ANNOTATION =
      "ingressclass.kubernetes.io/is-default-class";

  @Override
  public String kind() {
    return "IngressClass";
  }

  /** The controller's name; empty when the spec is missing. */
  public String controller() {
    return spec == null || spec.controller() == null ? "" : spec.controller();
  }

  public boolean isDefault() {
    return "true".equals(metadata.annotations().get(DEFAULT_CLASS_ANNOTATION));
  }

  /** {@code spec}; parameters are not read. */
  public record Spec(@JsonProperty("controller") @Nullable String controller) {}
}
