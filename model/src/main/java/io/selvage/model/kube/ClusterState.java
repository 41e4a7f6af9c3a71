// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All objects of one moment, immutable, in a deterministic order (by namespace, then name). Built
 * by a {@link Builder}, usually by a store that has one writer. A state made from another by {@link
 * #toBuilder()} shares all that did not change with it, so that one altered EndpointSlice among ten
 * thousand costs a dozen small nodes.
 *
 * <p>The problems are those of the source itself (a file that does not parse, an unknown field):
 * the compiler adds its own to them.
 */
public final class ClusterState {
  private static final ClusterState EMPTY = new Builder(Map.of(), List.of()).build();

  private final Map<String, SortedObjects> byKind;
  private final List<Problem> problems;

  private ClusterState(Map<String, SortedObjects> byKind, List<Problem> problems) {
    this.byKind = byKind;
    this.problems = problems;
  }

  public static ClusterState empty() {
    return EMPTY;
  }

  public static Builder builder() {
    return new Builder(Map.of(), List.of());
  }

  /** A builder that starts with everything in this state, problems included. */
  public Builder toBuilder() {
    return new Builder(byKind, problems);
  }

  /** All objects of a kind, by namespace and name. */
  public <T extends KubeObject> Collection<T> all(Kind<T> kind) {
    return objects(kind.name()).values(kind.type());
  }

  /** One object. */
  public <T extends KubeObject> Optional<T> find(Kind<T> kind, String namespace, String name) {
    return find(new ObjectRef(kind.name(), namespace, name)).map(kind.type()::cast);
  }

  /** One object of any kind. */
  public Optional<KubeObject> find(ObjectRef ref) {
    var entry = objects(ref.kind()).get(ref);
    return entry == null ? Optional.empty() : Optional.of(entry.object());
  }

  /** Where an object was read from, when the source is a folder. */
  public Optional<SourceLocation> location(ObjectRef ref) {
    var entry = objects(ref.kind()).get(ref);
    return entry == null ? Optional.empty() : Optional.ofNullable(entry.location());
  }

  /** Names of all objects. */
  public List<ObjectRef> refs() {
    var refs = new ArrayList<ObjectRef>(size());
    byKind.keySet().stream().sorted().forEach(kind -> objects(kind).forEachRef(refs::add));
    return refs;
  }

  public List<Problem> problems() {
    return problems;
  }

  public int size() {
    return byKind.values().stream().mapToInt(SortedObjects::size).sum();
  }

  private SortedObjects objects(String kind) {
    return byKind.getOrDefault(kind, SortedObjects.EMPTY);
  }

  /** Collects objects; not thread-safe. A second object of the same name replaces the first. */
  public static final class Builder {
    private final Map<String, SortedObjects> byKind;
    private final List<Problem> problems;

    private Builder(Map<String, SortedObjects> byKind, List<Problem> problems) {
      this.byKind = new HashMap<>(byKind);
      this.problems = new ArrayList<>(problems);
    }

    public Builder add(KubeObject object) {
      return put(new SortedObjects.Entry(object, null));
    }

    public Builder add(KubeObject object, SourceLocation location) {
      return put(new SortedObjects.Entry(object, location));
    }

    /** Takes an object out; nothing happens if there is none of that name. */
    public Builder remove(ObjectRef ref) {
      byKind.computeIfPresent(
          ref.kind(),
          (kind, objects) -> {
            SortedObjects less = objects.without(ref);
            return less.size() == 0 ? null : less;
          });
      return this;
    }

    public Builder problem(Problem problem) {
      problems.add(problem);
      return this;
    }

    /** Replaces all problems gathered so far. */
    public Builder problems(Collection<Problem> all) {
      problems.clear();
      problems.addAll(all);
      return this;
    }

    public ClusterState build() {
      return new ClusterState(Map.copyOf(byKind), problems.stream().sorted().toList());
    }

    private Builder put(SortedObjects.Entry entry) {
      byKind.merge(
          entry.object().kind(),
          SortedObjects.EMPTY.with(entry),
          (objects, alone) -> objects.with(entry));
      return this;
    }
  }
}
