// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.controlplane.identity.IssuerStorage.StorageException;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.NamedObjects;
import io.selvage.kube.api.NamedObjects.Type;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The ConfigMap {@value #NAME}, one key a replica; written to while a root is replaced only. */
final class ConfigMapBoard implements ReplicaBoard {
  static final String NAME = "selvage-control-plane-replicas";

  /** Others write at the same time. */
  private static final int ATTEMPTS = 5;

  private final NamedObjects objects;
  private final String namespace;

  ConfigMapBoard(NamedObjects objects, String namespace) {
    this.objects = objects;
    this.namespace = namespace;
  }

  @Override
  public void post(String replica, String note, Set<String> keep) throws StorageException {
    for (int attempt = 1; ; attempt++) {
      try {
        post(replica, note, keep, objects.get(Type.CONFIG_MAP, namespace, NAME).orElse(null));
        return;
      } catch (ApiCallException e) {
        if (!e.isConflict() || attempt == ATTEMPTS) {
          throw failure(e);
        }
      }
    }
  }

  private void post(String replica, String note, Set<String> keep, @Nullable ObjectNode before) {
    ObjectNode object = before == null ? fresh() : before.deepCopy();
    ObjectNode data = object.withObject("/data");
    var names = new ArrayList<String>();
    data.fieldNames().forEachRemaining(names::add);
    names.stream().filter(name -> !keep.contains(name)).forEach(data::remove);
    data.put(replica, note);
    if (before == null) {
      objects.create(Type.CONFIG_MAP, object);
    } else {
      objects.replace(Type.CONFIG_MAP, object);
    }
  }

  private ObjectNode fresh() {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.withObject("/metadata").put("name", NAME).put("namespace", namespace);
    return object;
  }

  @Override
  public Map<String, String> read() throws StorageException {
    try {
      var notes = new TreeMap<String, String>();
      objects
          .get(Type.CONFIG_MAP, namespace, NAME)
          .ifPresent(object ->
              object
                  .path("data")
                  .properties()
                  .forEach(e -> notes.put(e.getKey(), e.getValue().asText())));
      return notes;
    } catch (ApiCallException e) {
      throw failure(e);
    }
  }

  private static StorageException failure(ApiCallException e) {
    return new StorageException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
  }
}
