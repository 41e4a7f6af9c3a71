// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.kube.api.NamedObjects.Type;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What applying a rendering would do to each object of the cluster. */
final class Differences {
  /** Where {@code kubectl apply} writes down what was applied, to find what is left out later. */
  private static final String APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Cluster cluster;
  private final List<String> lines = new ArrayList<>();
  private final Set<Type> created = new LinkedHashSet<>();
  private final Set<Type> changed = new LinkedHashSet<>();
  private int same;

  Differences(Cluster cluster) {
    this.cluster = cluster;
  }

  /** Looks at one object of the rendering. */
  void look(ObjectNode wanted) throws CommandFailure {
    Optional<Type> type = MeshKinds.of(wanted);
    if (type.isEmpty()) {
      return;
    }
    JsonNode metadata = wanted.path("metadata");
    Optional<ObjectNode> there =
        cluster.get(
            type.get(),
            type.get().namespaced() ? metadata.path("namespace").asText() : "",
            metadata.path("name").asText());
    if (there.isEmpty()) {
      created.add(type.get());
      lines.add("new      " + MeshKinds.reference(wanted));
      return;
    }
    List<String> changes = TreeDifference.of(there.get(), wanted, applied(there.get()));
    if (changes.isEmpty()) {
      same++;
    } else {
      changed.add(type.get());
      lines.add("changed  " + MeshKinds.reference(wanted));
      changes.forEach(change -> lines.add("           " + change));
    }
  }

  /** What is applied no longer, and stays. */
  void left(ObjectNode object) {
    lines.add("left     " + MeshKinds.reference(object));
  }

  /** Kinds of which there are objects to make. */
  List<Type> created() {
    return List.copyOf(created);
  }

  /** Kinds of which there are objects to change. */
  List<Type> changed() {
    return List.copyOf(changed);
  }

  List<String> lines() {
    var all = new ArrayList<>(lines);
    all.add(same + (same == 1 ? " object stays as it is" : " objects stay as they are"));
    return all;
  }

  /** What was applied last, as far as that was written down. */
  private static JsonNode applied(JsonNode there) {
    String text = there.path("metadata").path("annotations").path(APPLIED).asText();
    try {
      return text.isEmpty() ? MissingNode.getInstance() : JSON.readTree(text);
    } catch (IOException e) {
      return MissingNode.getInstance();
    }
  }
}
