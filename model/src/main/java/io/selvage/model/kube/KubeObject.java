// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

/** An object of a registered {@link Kind}, immutable. */
public interface KubeObject {
  ObjectMeta metadata();

  /** The kind's name as it stands in manifests, such as {@code Ingress}. */
  String kind();

  /** This object's name. */
  default ObjectRef ref() {
    return new ObjectRef(kind(), metadata().namespace(), metadata().name());
  }
}
