// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ControlMessage.MeshedPod;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.wire.WireLimits;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import org.jspecify.annotations.Nullable;

/**
 * Pods by address: all of them for names, the meshed ones as a view that gateways are sent by
 * difference. One writer; readers on any thread.
 */
public final class WorkloadDirectory {
  private final ConcurrentHashMap<String, Set<PodFacts>> podsAt = new ConcurrentHashMap<>();
  private final Map<String, MeshedPod> next = new HashMap<>();
  private final Set<Runnable> listeners = new CopyOnWriteArraySet<>();
  private volatile View view = new View(Map.of());
  private boolean changed;

  /** The meshed pods of one moment. */
  public static final class View {
    /** A message stays well below what a receiver takes. */
    private static final int PART_BYTES = MeshProtocol.MAX_MESSAGE_BYTES / 4;

    private final Map<String, MeshedPod> byAddress;

    private View(Map<String, MeshedPod> byAddress) {
      this.byAddress = Collections.unmodifiableMap(byAddress);
    }

    /** Those pods, by canonical address. */
    public Map<String, MeshedPod> byAddress() {
      return byAddress;
    }

    /**
     * What somebody must be told who knows {@code earlier}, in messages that a receiver accepts;
     * none if nothing differs.
     *
     * @param earlier null = nothing
     */
    public List<ControlMessage.Workloads> since(@Nullable View earlier) {
      var upserts = new ArrayList<MeshedPod>();
      var removed = new ArrayList<String>();
      Map<String, MeshedPod> known = earlier == null ? Map.of() : earlier.byAddress;
      byAddress.forEach((address, pod) -> {
        if (!pod.equals(known.get(address))) {
          upserts.add(pod);
        }
      });
      known.forEach((address, pod) -> {
        if (!byAddress.containsKey(address)) {
          removed.add(pod.address());
        }
      });
      return split(earlier == null, upserts, removed);
    }

    private static List<ControlMessage.Workloads> split(
        boolean reset, List<MeshedPod> upserts, List<String> removed) {
      var messages = new ArrayList<ControlMessage.Workloads>(1);
      int pods = 0;
      int gone = 0;
      while (pods < upserts.size() || gone < removed.size() || reset && messages.isEmpty()) {
        int podsEnd = pods;
        for (int bytes = 0;
            podsEnd < upserts.size() && podsEnd - pods < WireLimits.PODS && bytes < PART_BYTES;
            podsEnd++) {
          bytes += bytes(upserts.get(podsEnd));
        }
        int goneEnd = Math.min(removed.size(), gone + WireLimits.PODS);
        messages.add(
            new ControlMessage.Workloads(
                reset && messages.isEmpty(),
                upserts.subList(pods, podsEnd),
                removed.subList(gone, goneEnd)));
        pods = podsEnd;
        gone = goneEnd;
      }
      return messages;
    }

    /** At most, as it is sent. */
    private static int bytes(MeshedPod pod) {
      return 32 + pod.address().length() + pod.identity().length() + 12 * pod.plainPorts().size();
    }
  }

  /** The newest view. */
  public View view() {
    return view;
  }

  /**
   * Has {@code listener} called on the writer's thread at each new view; it must return at once.
   */
  public void listen(Runnable listener) {
    listeners.add(listener);
  }

  /** Ends {@link #listen}. */
  public void unlisten(Runnable listener) {
    listeners.remove(listener);
  }

  /** The only pod that has an address. */
  Optional<PodRef> podAt(String canonical) {
    Set<PodFacts> pods = podsAt.getOrDefault(canonical, Set.of());
    return pods.size() == 1 ? Optional.of(pods.iterator().next().pod()) : Optional.empty();
  }

  void change(@Nullable PodFacts before, @Nullable PodFacts now) {
    var concerned = new TreeSet<String>();
    if (before != null) {
      addresses(before)
          .forEach(a -> {
            concerned.add(a);
            podsAt.computeIfPresent(a, (k, pods) -> without(pods, before));
          });
    }
    if (now != null) {
      addresses(now)
          .forEach(a -> {
            concerned.add(a);
            podsAt.merge(a, Set.of(now), WorkloadDirectory::union);
          });
    }
    concerned.forEach(this::refresh);
  }

  private void refresh(String address) {
    Set<PodFacts> pods = podsAt.getOrDefault(address, Set.of());
    // A pod on its way out may share its address with the next one for a moment.
    List<PodFacts> staying =
        pods.size() == 1
            ? List.copyOf(pods)
            : pods.stream().filter(pod -> !pod.terminating()).toList();
    MeshedPod meshed = null;
    if (staying.size() == 1 && staying.getFirst().meshed()) {
      PodFacts pod = staying.getFirst();
      String text =
          pod.addresses().stream()
              .filter(a -> IpLiteral.canonical(a).filter(address::equals).isPresent())
              .findFirst()
              .orElse(address);
      meshed = new MeshedPod(text, pod.identity(), pod.skipped());
    }
    MeshedPod before = meshed == null ? next.remove(address) : next.put(address, meshed);
    changed |= meshed == null ? before != null : !meshed.equals(before);
  }

  void publish() {
    if (changed) {
      changed = false;
      view = new View(new TreeMap<>(next));
      listeners.forEach(Runnable::run);
    }
  }

  private static List<String> addresses(PodFacts pod) {
    return pod.addresses().stream()
        .map(IpLiteral::canonical)
        .flatMap(Optional::stream)
        .distinct()
        .toList();
  }

  private static @Nullable Set<PodFacts> without(Set<PodFacts> pods, PodFacts gone) {
    var rest = new HashSet<>(pods);
    rest.remove(gone);
    return rest.isEmpty() ? null : Set.copyOf(rest);
  }

  private static Set<PodFacts> union(Set<PodFacts> some, Set<PodFacts> more) {
    var all = new HashSet<>(some);
    all.addAll(more);
    return Set.copyOf(all);
  }
}
