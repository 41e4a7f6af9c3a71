// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.kube.ClusterChange;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.EndpointSlice;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.Namespace;
import io.selvage.model.kube.Node;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.kube.Pod;
import io.selvage.model.kube.Service;
import io.selvage.model.mesh.PodRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns changed objects into changed facts of the index. What concerns neither discovery nor policy
 * ends here. Confined to the writer.
 */
final class ClusterReader {
  private static final Set<String> KINDS =
      Set.of(
          Kind.POD.name(),
          Kind.SERVICE.name(),
          Kind.ENDPOINT_SLICE.name(),
          Kind.NAMESPACE.name(),
          Kind.NODE.name());

  private final PodReader pods;
  private final DiscoveryIndex index;
  private final PodChanges podChanges;
  private final Map<PodRef, PodFacts> podFacts = new HashMap<>();
  private final Map<String, NamespaceFacts> namespaces = new HashMap<>();
  private final Map<String, List<String>> kubelets = new HashMap<>();
  private final Map<ObjectRef, ServiceKey> serviceOfSlice = new HashMap<>();
  private final Map<ObjectRef, List<Problem>> problemsOf = new HashMap<>();
  private List<Problem> sourceProblems = List.of();
  private List<Problem> conflicts = List.of();

  /** Told of pods whose facts differ; null = there is none. */
  @FunctionalInterface
  interface PodChanges {
    void changed(PodRef pod, @Nullable PodFacts before, @Nullable PodFacts now);
  }

  ClusterReader(PodReader pods, DiscoveryIndex index, PodChanges podChanges) {
    this.pods = pods;
    this.index = index;
    this.podChanges = podChanges;
  }

  /**
   * Applies a change; the index is to be published and {@link #noteConflicts} called afterwards.
   *
   * @return whether {@link #problems()} may differ from before
   */
  boolean apply(ClusterChange change) {
    ClusterState state = change.state();
    Set<ObjectRef> changed =
        switch (change) {
          case ClusterChange.Synced _ -> everything(state);
          case ClusterChange.ObjectsChanged(ClusterState _, Set<ObjectRef> refs) -> refs;
          case ClusterChange.EndpointsChanged(ClusterState _, Set<ObjectRef> refs) -> refs;
        };
    boolean differ = !sourceProblems.equals(state.problems());
    sourceProblems = state.problems();
    var again = new HashSet<ObjectRef>();
    for (ObjectRef ref : changed) {
      if (ref.kind().equals(Kind.NAMESPACE.name()) && readNamespace(state, ref)) {
        addContents(state, ref.name(), again);
      }
    }
    again.addAll(changed);
    // Nodes first: what is made afterwards knows their zones and addresses.
    var moved = new HashSet<String>();
    for (ObjectRef ref : changed) {
      if (ref.kind().equals(Kind.NODE.name()) && readNode(state, ref)) {
        moved.add(ref.name());
      }
    }
    if (!moved.isEmpty()) {
      state.all(Kind.POD).stream()
          .filter(pod -> moved.contains(pod.spec().nodeName()))
          .forEach(pod -> again.add(pod.ref()));
    }
    for (ObjectRef ref : again) {
      differ |= read(state, ref);
    }
    return differ;
  }

  /** Asks the index for what contradicts itself; returns whether that is different from before. */
  boolean noteConflicts() {
    List<Problem> now = index.conflicts();
    boolean differ = !conflicts.equals(now);
    conflicts = now;
    return differ;
  }

  /** All problems: the source's, and those of what the objects say. */
  List<Problem> problems() {
    var all = new ArrayList<>(sourceProblems);
    problemsOf.values().forEach(all::addAll);
    all.addAll(conflicts);
    return all.stream().sorted().distinct().toList();
  }

  /** All there is, and all we knew that is gone. */
  private Set<ObjectRef> everything(ClusterState state) {
    var all = new HashSet<ObjectRef>();
    for (ObjectRef ref : state.refs()) {
      if (KINDS.contains(ref.kind())) {
        all.add(ref);
      }
    }
    return all;
  }

  private static void addContents(ClusterState state, String namespace, Set<ObjectRef> to) {
    state.all(Kind.POD).stream()
        .filter(pod -> pod.metadata().namespace().equals(namespace))
        .forEach(pod -> to.add(pod.ref()));
    state.all(Kind.SERVICE).stream()
        .filter(service -> service.metadata().namespace().equals(namespace))
        .forEach(service -> to.add(service.ref()));
  }

  private boolean readNamespace(ClusterState state, ObjectRef ref) {
    var problems = new ArrayList<Problem>();
    Optional<Namespace> namespace = state.find(Kind.NAMESPACE, "", ref.name());
    NamespaceFacts now =
        namespace.map(n -> NamespaceFacts.read(n, problems::add)).orElse(NamespaceFacts.NONE);
    note(ref, problems);
    NamespaceFacts before =
        namespace.isEmpty() ? namespaces.remove(ref.name()) : namespaces.put(ref.name(), now);
    return !now.equals(before == null ? NamespaceFacts.NONE : before);
  }

  /** Returns whether kubelets of the node come from elsewhere than before. */
  private boolean readNode(ClusterState state, ObjectRef ref) {
    Optional<Node> node = state.find(Kind.NODE, "", ref.name());
    index.putNode(ref.name(), node.map(Node::zone).orElse(""));
    List<String> now = node.map(NodeNetworks::of).orElse(List.of());
    List<String> before =
        now.isEmpty() ? kubelets.remove(ref.name()) : kubelets.put(ref.name(), now);
    return !now.equals(before == null ? List.of() : before);
  }

  /** Reads one object; returns whether its problems differ. */
  private boolean read(ClusterState state, ObjectRef ref) {
    if (ref.kind().equals(Kind.NAMESPACE.name())) {
      // Read before; its problems may have changed with it.
      return true;
    }
    if (!KINDS.contains(ref.kind())) {
      return false;
    }
    var problems = new ArrayList<Problem>();
    Optional<KubeObject> object = state.find(ref);
    switch (object.orElse(null)) {
      case Pod pod ->
          putPod(
              ref,
              pods.read(
                  pod,
                  namespace(ref),
                  kubelets.getOrDefault(pod.spec().nodeName(), List.of()),
                  problems::add));
      case Service service ->
          index.putService(key(ref), ServiceReader.read(service, namespace(ref), problems::add));
      case EndpointSlice slice -> putSlice(ref, slice, problems);
      case null -> remove(ref);
      default -> {}
    }
    return note(ref, problems);
  }

  private void remove(ObjectRef ref) {
    if (ref.kind().equals(Kind.POD.name())) {
      putPod(ref, null);
    } else if (ref.kind().equals(Kind.SERVICE.name())) {
      index.putService(key(ref), null);
    } else if (ref.kind().equals(Kind.ENDPOINT_SLICE.name())) {
      removeSlice(ref);
    }
  }

  private void putPod(ObjectRef ref, @Nullable PodFacts facts) {
    var pod = new PodRef(ref.namespace(), ref.name());
    PodFacts before = facts == null ? podFacts.remove(pod) : podFacts.put(pod, facts);
    if (facts == null ? before != null : !facts.equals(before)) {
      index.putPod(pod, facts);
      podChanges.changed(pod, before, facts);
    }
  }

  private void putSlice(ObjectRef ref, EndpointSlice slice, List<Problem> problems) {
    if (slice.serviceName().isEmpty()) {
      removeSlice(ref);
      return;
    }
    var service = new ServiceKey(ref.namespace(), slice.serviceName());
    ServiceKey before = serviceOfSlice.put(ref, service);
    if (before != null && !before.equals(service)) {
      index.putSlice(before, ref.name(), null);
    }
    index.putSlice(service, ref.name(), SliceReader.read(slice, problems::add));
  }

  private void removeSlice(ObjectRef ref) {
    ServiceKey before = serviceOfSlice.remove(ref);
    if (before != null) {
      index.putSlice(before, ref.name(), null);
    }
  }

  private boolean note(ObjectRef ref, List<Problem> problems) {
    List<Problem> before =
        problems.isEmpty() ? problemsOf.remove(ref) : problemsOf.put(ref, List.copyOf(problems));
    return !problems.equals(before == null ? List.of() : before);
  }

  private NamespaceFacts namespace(ObjectRef of) {
    return namespaces.getOrDefault(of.namespace(), NamespaceFacts.NONE);
  }

  private static ServiceKey key(ObjectRef ref) {
    return new ServiceKey(ref.namespace(), ref.name());
  }
}
