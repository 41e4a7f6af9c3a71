// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a source reads. A kind that is not selected costs neither memory nor a permission; a folder
 * passes over its objects in silence.
 */
public final class KindSelection {
  /** What a gateway reads: all it serves from, of everything the whole. */
  public static final KindSelection GATEWAY =
      new KindSelection(Kind.gateway().map(Entry::whole).toList());

  /** What the control plane of a mesh reads, its own trust roots aside. */
  public static final KindSelection CONTROL_PLANE =
      new KindSelection(
          List.of(
              Entry.whole(Kind.SERVICE),
              Entry.whole(Kind.ENDPOINT_SLICE),
              Entry.whole(Kind.POD),
              Entry.metadata(Kind.NAMESPACE),
              Entry.metadata(Kind.SERVICE_ACCOUNT),
              Entry.whole(Kind.NODE),
              Entry.metadata(Kind.REPLICA_SET),
              Entry.metadata(Kind.JOB)));

  private final Map<Kind<?>, Entry> entries;

  private KindSelection(List<Entry> entries) {
    var byKind = new LinkedHashMap<Kind<?>, Entry>();
    entries.forEach(entry -> byKind.put(entry.kind(), entry));
    this.entries = Map.copyOf(byKind);
  }

  /**
   * One kind.
   *
   * @param metadataOnly at the API server, of each object only its metadata is asked for
   * @param only the one object wanted; every one of the kind when absent. A folder reads all of a
   *     kind in any case
   */
  public record Entry(
      Kind<? extends KubeObject> kind, boolean metadataOnly, Optional<Single> only) {
    public Entry {
      requireNonNull(kind, "kind");
      requireNonNull(only, "only");
    }

    /** All objects, as far as their record goes. */
    public static Entry whole(Kind<? extends KubeObject> kind) {
      return new Entry(kind, false, Optional.empty());
    }

    /** All objects, of each its metadata. */
    public static Entry metadata(Kind<? extends KubeObject> kind) {
      return new Entry(kind, true, Optional.empty());
    }

    /** One object. */
    public static Entry single(Kind<? extends KubeObject> kind, String namespace, String name) {
      return new Entry(kind, false, Optional.of(new Single(namespace, name)));
    }
  }

  /**
   * Where the one object is found that is wanted of a kind.
   *
   * @param namespace empty for a cluster-scoped kind, and for the objects of that name in every
   *     namespace
   */
  public record Single(String namespace, String name) {}

  /** A selection of these; the later entry of a kind counts. */
  public static KindSelection of(Entry... entries) {
    return new KindSelection(List.of(entries));
  }

  /** This and these; the later entry of a kind counts. */
  public KindSelection and(Entry... more) {
    return new KindSelection(Stream.concat(entries(), Stream.of(more)).toList());
  }

  public boolean contains(Kind<?> kind) {
    return entries.containsKey(kind);
  }

  /** The entries, in the order of {@link Kind#all()}. */
  public Stream<Entry> entries() {
    return Kind.all().flatMap(kind -> Optional.ofNullable(entries.get(kind)).stream());
  }
}
