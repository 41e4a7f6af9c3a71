// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * All objects of one moment, immutable, in a deterministic order (by namespace, then name). Built by
 * a {@link Builder}, usually by a store that has one writer.
 *
 * <p>The problems are those of the source itself (a file that does not parse, an unknown field): the
 * compiler adds its own to them.
 */
public final class ClusterState {
  private static final ClusterState EMPTY = new Builder().build();

  private final Map<String, NavigableMap<ObjectRef, KubeObject>> byKind;
  private final Map<ObjectRef, SourceLocation> locations;
  private final List<Problem> problems;

  private ClusterState(
      Map<String, NavigableMap<ObjectRef, KubeObject>> byKind,
      Map<ObjectRef, SourceLocation> locations,
      List<Problem> problems) {
    this.byKind = byKind;
    this.locations = locations;
    this.problems = problems;
  }

  public static ClusterState empty() {
    return EMPTY;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** All objects of a kind, by namespace and name. */
  public <T extends KubeObject> Collection<T> all(Kind<T> kind) {
    var objects = byKind.get(kind.name());
    if (objects == null) {
      return List.of();
    }
    // The builder stores an object only under its own kind.
    @SuppressWarnings("unchecked")
    Collection<T> typed = (Collection<T>) Collections.unmodifiableCollection(objects.values());
    return typed;
  }

  /** One object. */
  public <T extends KubeObject> Optional<T> find(Kind<T> kind, String namespace, String name) {
    var objects = byKind.get(kind.name());
    if (objects == null) {
      return Optional.empty();
    }
    KubeObject found = objects.get(new ObjectRef(kind.name(), namespace, name));
    return found == null ? Optional.empty() : Optional.of(kind.type().cast(found));
  }

  /** Where an object was read from, when the source is a folder. */
  public Optional<SourceLocation> location(ObjectRef ref) {
    return Optional.ofNullable(locations.get(ref));
  }

  public List<Problem> problems() {
    return problems;
  }

  public int size() {
    return byKind.values().stream().mapToInt(Map::size).sum();
  }

  /** Collects objects; not thread-safe. A second object of the same name replaces the first. */
  public static final class Builder {
    private final Map<String, NavigableMap<ObjectRef, KubeObject>> byKind = new HashMap<>();
    private final Map<ObjectRef, SourceLocation> locations = new HashMap<>();
    private final List<Problem> problems = new ArrayList<>();

    public Builder add(KubeObject object) {
      byKind.computeIfAbsent(object.kind(), k -> new TreeMap<>()).put(object.ref(), object);
      return this;
    }

    public Builder add(KubeObject object, SourceLocation location) {
      locations.put(object.ref(), location);
      return add(object);
    }

    public Builder problem(Problem problem) {
      problems.add(problem);
      return this;
    }

    public ClusterState build() {
      var copy = new HashMap<String, NavigableMap<ObjectRef, KubeObject>>();
      byKind.forEach((k, v) -> copy.put(k, new TreeMap<>(v)));
      return new ClusterState(copy, Map.copyOf(locations), problems.stream().sorted().toList());
    }
  }
}
