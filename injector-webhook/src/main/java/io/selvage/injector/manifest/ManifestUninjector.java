// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.injector.manifest.ObjectReport.Note;
import io.selvage.injector.manifest.ObjectReport.Outcome;
import io.selvage.injector.pod.MeshNames;
import java.util.ArrayList;
import java.util.Set;

/**
 * What {@code mesh uninject} does to objects: takes out the sidecar, its volumes, and every
 * annotation and label of the mesh. A wish to have no sidecar stays.
 */
public final class ManifestUninjector extends ManifestWalk {
  private static final Set<String> CONTAINERS =
      Set.of(MeshNames.INIT_CONTAINER, MeshNames.PROXY_CONTAINER);
  private static final Set<String> VOLUMES =
      Set.of(MeshNames.TOKEN_VOLUME, MeshNames.TRUST_VOLUME, MeshNames.SCRATCH_VOLUME);

  @Override
  ObjectNode one(String kind, String name, ObjectNode object) {
    boolean pods = ManifestKinds.hasPods(kind);
    if (!pods && !ManifestKinds.isAnnotated(kind)) {
      report(new ObjectReport(kind, name, Outcome.SKIPPED, Set.of(Note.UNSUPPORTED)));
      return object;
    }
    ObjectNode result = object.deepCopy();
    boolean changed = false;
    if (pods && result.at(ManifestKinds.template(kind)) instanceof ObjectNode template) {
      changed = cleanPod(template);
    }
    if (!pods) {
      changed = cleanMetadata(result);
    }
    report(new ObjectReport(kind, name, changed ? Outcome.UNINJECTED : Outcome.SKIPPED, Set.of()));
    return changed ? result : object;
  }

  private static boolean cleanPod(ObjectNode pod) {
    boolean changed = cleanMetadata(pod);
    if (pod.get("spec") instanceof ObjectNode spec) {
      changed |= removeNamed(spec, "initContainers", CONTAINERS);
      changed |= removeNamed(spec, "containers", CONTAINERS);
      changed |= removeNamed(spec, "volumes", VOLUMES);
    }
    return changed;
  }

  private static boolean cleanMetadata(ObjectNode object) {
    if (!(object.get("metadata") instanceof ObjectNode metadata)) {
      return false;
    }
    boolean annotations = removeOurs(metadata, "annotations");
    boolean labels = removeOurs(metadata, "labels");
    return annotations || labels;
  }

  private static boolean removeOurs(ObjectNode metadata, String field) {
    if (!(metadata.get(field) instanceof ObjectNode map)) {
      return false;
    }
    var ours = new ArrayList<String>();
    for (var entry : map.properties()) {
      boolean refusal =
          entry.getKey().equals(MeshNames.INJECT) && entry.getValue().asText().equals("disabled");
      if (isOurs(entry.getKey()) && !refusal) {
        ours.add(entry.getKey());
      }
    }
    map.remove(ours);
    if (map.isEmpty() && !ours.isEmpty()) {
      metadata.remove(field);
    }
    return !ours.isEmpty();
  }

  private static boolean isOurs(String name) {
    int slash = name.indexOf('/');
    String domain = slash < 0 ? "" : name.substring(0, slash);
    return domain.equals("selvage.io") || domain.endsWith(".selvage.io");
  }

  private static boolean removeNamed(ObjectNode spec, String field, Set<String> names) {
    if (!(spec.get(field) instanceof ArrayNode list)) {
      return false;
    }
    int before = list.size();
    for (var items = list.iterator(); items.hasNext(); ) {
      JsonNode item = items.next();
      if (names.contains(item.path("name").asText(""))) {
        items.remove();
      }
    }
    if (list.isEmpty() && before > 0) {
      spec.remove(field);
    }
    return before > list.size();
  }
}
