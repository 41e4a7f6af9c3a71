// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Objects that carry our mark and that a rendering does not make any more. */
final class LeftOver {
  /** Made once, by an installation or by the control plane, and kept by every upgrade. */
  private static final String KEPT = "identity";

  private LeftOver() {}

  /** In the order in which they are taken away. */
  static List<ObjectNode> of(Cluster cluster, String namespace, List<ObjectNode> rendered)
      throws CommandFailure {
    Set<String> wanted = new HashSet<>();
    rendered.forEach(object -> wanted.add(key(object)));
    var left = new ArrayList<ObjectNode>();
    for (ObjectNode object : cluster.installed(namespace)) {
      String component =
          object.path("metadata").path("labels").path(MeshKinds.COMPONENT_LABEL).asText();
      if (!component.equals(KEPT) && !wanted.contains(key(object))) {
        left.add(object);
      }
    }
    return left;
  }

  private static String key(JsonNode object) {
    return object.path("kind").asText() + "/" + object.path("metadata").path("name").asText();
  }
}
