// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.PodRef;

/** What several messages share. */
final class Fields {
  private Fields() {}

  /** Enums are numbered from 1 in the order they are declared in; 0 is "not said". */
  static int number(Enum<?> value) {
    return value.ordinal() + 1;
  }

  static void writePod(ProtoWriter out, PodRef pod) {
    out.string(1, pod.namespace()).string(2, pod.name());
  }

  static PodRef readPod(ProtoReader in) throws WireException {
    String namespace = "";
    String name = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> namespace = in.text("namespace");
        case 2 -> name = in.text("name");
        default -> in.skip();
      }
    }
    return new PodRef(namespace, name);
  }
}
