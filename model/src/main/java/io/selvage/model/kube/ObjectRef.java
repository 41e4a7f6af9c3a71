// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import static java.util.Objects.requireNonNull;

/**
 * Names one object: kind, namespace (empty for cluster-scoped kinds) and name. The API group is
 * implied by the kind because Selvage reads each kind from one group.
 */
public record ObjectRef(String kind, String namespace, String name)
    implements Comparable<ObjectRef> {
  public ObjectRef {
    requireNonNull(kind, "kind");
    requireNonNull(namespace, "namespace");
    requireNonNull(name, "name");
  }

  @Override
  public int compareTo(ObjectRef o) {
    int c = kind.compareTo(o.kind);
    if (c == 0) {
      c = namespace.compareTo(o.namespace);
    }
    return c == 0 ? name.compareTo(o.name) : c;
  }

  /** {@code Kind namespace/name}, or {@code Kind name} when cluster-scoped. */
  @Override
  public String toString() {
    return namespace.isEmpty() ? kind + " " + name : kind + " " + namespace + "/" + name;
  }
}
