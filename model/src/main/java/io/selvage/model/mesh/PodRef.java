// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

/** A pod's name; both parts empty where none is known. */
public record PodRef(String namespace, String name) {
  public static final PodRef NONE = new PodRef("", "");

  public PodRef {
    requireNonNull(namespace, "namespace");
    requireNonNull(name, "name");
  }

  /** {@code namespace/name}. */
  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
