// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.controlplane.link.IpLiteral;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ControlMessage.KnownAddress;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import org.jspecify.annotations.Nullable;

/**
 * Pods by address for names, and what is known of the addresses of endpoints, as a view that
 * gateways are sent by difference. One writer; readers on any thread.
 */
public final class AddressDirectory {
  private final ConcurrentHashMap<String, Set<PodFacts>> podsAt = new ConcurrentHashMap<>();
  private final Map<String, KnownAddress> next = new HashMap<>();
  private final Set<Runnable> listeners = new CopyOnWriteArraySet<>();
  private volatile View view = new View(Map.of());
  private boolean changed;

  /** What is known at one moment. */
  public static final class View {
    /** A message stays well below what a receiver takes. */
    private static final int PART_BYTES = MeshProtocol.MAX_MESSAGE_BYTES / 4;

    private final Map<String, KnownAddress> byAddress;

    private View(Map<String, KnownAddress> byAddress) {
      this.byAddress = Collections.unmodifiableMap(byAddress);
    }

    /** By canonical address, in no order. */
    public Map<String, KnownAddress> byAddress() {
      return byAddress;
    }

    /**
     * What somebody must be told who knows {@code earlier}, in messages that a receiver accepts;
     * none if nothing differs.
     *
     * @param earlier null = nothing
     */
    public List<ControlMessage.Workloads> since(@Nullable View earlier) {
      var upserts = new ArrayList<KnownAddress>();
      var removed = new ArrayList<String>();
      Map<String, KnownAddress> known = earlier == null ? Map.of() : earlier.byAddress;
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
        boolean reset, List<KnownAddress> upserts, List<String> removed) {
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
                removed.subList(gone, goneEnd),
                podsEnd < upserts.size() || goneEnd < removed.size()));
        pods = podsEnd;
        gone = goneEnd;
      }
      return messages;
    }

    /** At most, as it is sent. */
    private static int bytes(KnownAddress known) {
      return 48
          + known.address().length()
          + known.identity().length()
          + 12 * known.plainPorts().size()
          + known.pod().toString().length();
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

  /** A pod has other addresses than before, or is another one. */
  void change(@Nullable PodFacts before, @Nullable PodFacts now) {
    if (before != null) {
      addresses(before)
          .forEach(a -> podsAt.computeIfPresent(a, (k, pods) -> without(pods, before)));
    }
    if (now != null) {
      addresses(now).forEach(a -> podsAt.merge(a, Set.of(now), AddressDirectory::union));
    }
  }

  /** What is known of an address from the next {@link #publish} on; null = nothing. */
  void answer(String address, @Nullable KnownAddress known) {
    KnownAddress before = known == null ? next.remove(address) : next.put(address, known);
    changed |= known == null ? before != null : !known.equals(before);
  }

  void publish() {
    if (changed) {
      changed = false;
      view = new View(new HashMap<>(next));
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
