// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.OwnerReference;
import io.selvage.model.kube.Pod;
import io.selvage.model.kube.Workloads;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The pods of the cluster by name, address and identity. Pods that are gone are remembered for
 * {@link #KEEP_MILLIS}, so that what they did keeps their name; an address that one pod left and
 * another took belongs to each in its time.
 *
 * <p>Times are milliseconds of one clock that never goes back. Not thread-safe.
 */
public final class WorkloadDirectory {
  /** How long a pod that is gone is remembered. */
  public static final long KEEP_MILLIS = 600_000;

  /** Pods that are gone and remembered, at most; the ones gone longest are forgotten first. */
  static final int MAX_GONE = 20_000;

  /** What is called so is neither a pod nor anybody with an identity. */
  public static final String OUTSIDE = "(outside)";

  /** Where a proxy counts what is too much to be told apart. */
  static final String OTHER = "(other)";

  private static final String OTHER_ADDRESS = "0.0.0.0";

  private Map<PodKey, Seen> live = Map.of();
  private final LinkedHashMap<PodKey, Gone> gone = new LinkedHashMap<>();
  private final Map<PodRef, List<PodInfo>> byName = new HashMap<>();
  private final Map<String, List<Tenure>> byAddress = new HashMap<>();
  private Map<Account, List<PodInfo>> byAccount = Map.of();
  private List<PodRef> services = List.of();
  private boolean synced;

  /** A ServiceAccount; whatever the trust domain, there is one mesh. */
  private record Account(String namespace, String name) {}

  /**
   * @param pod as it was when {@code info} was made
   * @param between the ReplicaSet or Job that controlled it then
   */
  private record Seen(Pod pod, Optional<KubeObject> between, PodInfo info) {}

  private record Gone(PodInfo info, long since) {}

  /** The time during which an address was a pod's. */
  private static final class Tenure {
    final PodKey pod;
    final Account account;
    final long from;
    long until = Long.MAX_VALUE;

    Tenure(PodKey pod, Account account, long from) {
      this.pod = pod;
      this.account = account;
      this.from = from;
    }
  }

  /** Takes a newer state of the cluster. An object that is the same one has not changed. */
  @SuppressWarnings("ReferenceEquality")
  public void update(ClusterState state, long now) {
    var next = new LinkedHashMap<PodKey, Seen>();
    for (Pod pod : state.all(Kind.POD)) {
      var key = new PodKey(pod.metadata().namespace(), pod.metadata().name(), pod.metadata().uid());
      Optional<KubeObject> between = between(pod, state);
      Seen before = live.get(key);
      next.put(
          key,
          before != null && before.pod == pod && same(before.between, between)
              ? before
              : new Seen(pod, between, PodInfo.of(pod, state)));
    }
    // Those that leave go first: an address may pass from one to another in a single update.
    for (Map.Entry<PodKey, Seen> entry : live.entrySet()) {
      if (!next.containsKey(entry.getKey())) {
        PodInfo info = entry.getValue().info;
        info.addresses().forEach(address -> endTenure(address, info.key(), now));
        gone.put(info.key(), new Gone(info, now));
      }
    }
    for (Seen seen : next.values()) {
      Seen before = live.get(seen.info.key());
      if (seen != before) {
        changed(before == null ? null : before.info, seen.info, now);
      }
    }
    live = next;
    while (gone.size() > MAX_GONE) {
      forget(gone.pollFirstEntry().getValue().info);
    }
    index();
    services =
        state.all(Kind.SERVICE).stream()
            .map(service -> new PodRef(service.metadata().namespace(), service.metadata().name()))
            .toList();
    synced = true;
  }

  private static Optional<KubeObject> between(Pod pod, ClusterState state) {
    Optional<OwnerReference> owner = Workloads.controllerOf(pod.metadata().ownerReferences());
    if (owner.isEmpty()) {
      return Optional.empty();
    }
    String namespace = pod.metadata().namespace();
    return switch (owner.get().kind()) {
      case "ReplicaSet" ->
          state.find(Kind.REPLICA_SET, namespace, owner.get().name()).map(KubeObject.class::cast);
      case "Job" -> state.find(Kind.JOB, namespace, owner.get().name()).map(KubeObject.class::cast);
      default -> Optional.empty();
    };
  }

  @SuppressWarnings("ReferenceEquality") // a changed object is another one
  private static boolean same(Optional<KubeObject> one, Optional<KubeObject> other) {
    return one.orElse(null) == other.orElse(null);
  }

  private void changed(@Nullable PodInfo before, PodInfo after, long now) {
    gone.remove(after.key());
    if (before != null) {
      for (String address : before.addresses()) {
        if (!after.addresses().contains(address)) {
          endTenure(address, after.key(), now);
        }
      }
    }
    for (String address : after.addresses()) {
      if (before == null || !before.addresses().contains(address)) {
        var account = new Account(after.namespace(), after.serviceAccount());
        // What was there when we began has been there for all we know.
        long from = synced ? now : Long.MIN_VALUE;
        byAddress
            .computeIfAbsent(address, _ -> new ArrayList<>(1))
            .add(new Tenure(after.key(), account, from));
      }
    }
  }

  private void endTenure(String address, PodKey pod, long now) {
    for (Tenure tenure : byAddress.getOrDefault(address, List.of())) {
      if (tenure.pod.equals(pod) && tenure.until == Long.MAX_VALUE) {
        tenure.until = now;
      }
    }
  }

  private void forget(PodInfo info) {
    for (String address : info.addresses()) {
      byAddress.computeIfPresent(
          address,
          (_, tenures) -> {
            tenures.removeIf(t -> t.pod.equals(info.key()) && t.until != Long.MAX_VALUE);
            return tenures.isEmpty() ? null : tenures;
          });
    }
  }

  private void index() {
    byName.clear();
    var accounts = new HashMap<Account, List<PodInfo>>();
    for (Seen seen : live.values()) {
      PodInfo info = seen.info;
      byName.computeIfAbsent(ref(info), _ -> new ArrayList<>(1)).add(info);
      if (!info.finished()) {
        accounts
            .computeIfAbsent(
                new Account(info.namespace(), info.serviceAccount()), _ -> new ArrayList<>())
            .add(info);
      }
    }
    byAccount = accounts;
    // The latest of those gone, where no living one has the name.
    for (Gone dead : gone.sequencedValues().reversed()) {
      byName.computeIfAbsent(ref(dead.info), _ -> List.of(dead.info));
    }
  }

  private static PodRef ref(PodInfo info) {
    return new PodRef(info.key().namespace(), info.key().name());
  }

  /** Forgets what is gone for longer than {@link #KEEP_MILLIS}. */
  public void expire(long now) {
    while (!gone.isEmpty() && gone.firstEntry().getValue().since <= now - KEEP_MILLIS) {
      forget(gone.pollFirstEntry().getValue().info);
    }
    byAddress
        .values()
        .removeIf(tenures -> {
          tenures.removeIf(tenure -> tenure.until <= now - KEEP_MILLIS);
          return tenures.isEmpty();
        });
    index();
  }

  /** Pods there are now, finished ones included, by namespace and name. */
  public Stream<PodInfo> pods() {
    return live.values().stream().map(Seen::info);
  }

  /** Services there are now, by namespace and name. */
  public Collection<PodRef> services() {
    return services;
  }

  /** Whether a pod exists now. */
  public boolean isLive(PodKey key) {
    return live.containsKey(key);
  }

  /** A pod there is or was. */
  public Optional<PodInfo> pod(PodKey key) {
    Seen seen = live.get(key);
    if (seen != null) {
      return Optional.of(seen.info);
    }
    return Optional.ofNullable(gone.get(key)).map(Gone::info);
  }

  /** The pod that has a name now, or else the last one that had it. */
  public Optional<PodInfo> pod(PodRef name) {
    List<PodInfo> infos = byName.getOrDefault(name, List.of());
    return infos.isEmpty() ? Optional.empty() : Optional.of(infos.getLast());
  }

  /**
   * The pod that had an address at a time. Somebody who has proved an identity is only taken for a
   * pod of that ServiceAccount, the latest one; of all others, it is the one that had the address
   * then, or else the one that left it last before, or else the first that came after (the proxy
   * may have been faster than the API server).
   *
   * @param address canonical
   * @param account whom the peer has proved to be
   */
  public Optional<PodInfo> podAt(String address, long at, Optional<WorkloadIdentity> account) {
    List<Tenure> tenures = byAddress.getOrDefault(address, List.of());
    Optional<Tenure> found;
    if (account.isPresent()) {
      var wanted = new Account(account.get().namespace(), account.get().serviceAccount());
      found = latest(tenures.stream().filter(tenure -> tenure.account.equals(wanted)));
    } else {
      found =
          latest(tenures.stream().filter(t -> t.from <= at && at < t.until))
              .or(() -> latest(tenures.stream().filter(t -> t.until <= at)))
              .or(() -> tenures.stream().min(Comparator.comparingLong(t -> t.from)));
    }
    return found.flatMap(tenure -> pod(tenure.pod));
  }

  private static Optional<Tenure> latest(Stream<Tenure> tenures) {
    return tenures.max(
        Comparator.<Tenure>comparingLong(tenure -> tenure.until).thenComparingLong(t -> t.from));
  }

  /** The other side of a proxy's connection. */
  public Party peer(String address, long at, Optional<WorkloadIdentity> account) {
    Optional<PodInfo> pod = podAt(address, at, account).or(() -> account.flatMap(this::onlyPodOf));
    return new Party(pod, account, address, false, "");
  }

  /** A proxy, by what it says of itself and what it has proved. */
  public Party proxy(PodRef name, WorkloadIdentity identity, ProxyKind kind, Optional<PodKey> key) {
    Optional<PodInfo> pod =
        key.flatMap(this::pod)
            .or(() -> pod(name))
            .filter(info ->
                info.namespace().equals(identity.namespace())
                    && info.serviceAccount().equals(identity.serviceAccount()))
            .or(() -> onlyPodOf(identity));
    String label = name.name().isEmpty() ? identity.serviceAccount() : name.name();
    return new Party(pod, Optional.of(identity), "", kind == ProxyKind.GATEWAY, label);
  }

  private Optional<PodInfo> onlyPodOf(WorkloadIdentity identity) {
    List<PodInfo> pods = podsOf(identity);
    return pods.size() == 1 ? Optional.of(pods.getFirst()) : Optional.empty();
  }

  private List<PodInfo> podsOf(WorkloadIdentity identity) {
    return byAccount.getOrDefault(
        new Account(identity.namespace(), identity.serviceAccount()), List.of());
  }

  /**
   * What to call a party when things are shown by a type; empty if it is part of nothing of that
   * type. Where the pod is not known, the identity's pods may still all be part of the same. A
   * gateway always has a name.
   */
  public Optional<String> nameOf(Party party, ResourceType type) {
    if (party.pod().isPresent()) {
      Optional<String> name = party.pod().get().nameAs(type);
      return name.isEmpty() && party.gateway() ? Optional.of(party.label()) : name;
    }
    if (party.account().isEmpty() && party.address().equals(OTHER_ADDRESS)) {
      return Optional.of(OTHER);
    }
    if (party.account().isEmpty()) {
      return Optional.of(type == ResourceType.POD ? party.address() : OUTSIDE);
    }
    WorkloadIdentity identity = party.account().get();
    return switch (type) {
      case NAMESPACE -> Optional.of(identity.namespace());
      case SERVICEACCOUNT -> Optional.of(identity.serviceAccount());
      default -> {
        Set<String> names = new HashSet<>();
        podsOf(identity).forEach(info -> info.nameAs(type).ifPresent(names::add));
        if (names.size() == 1 && type != ResourceType.POD) {
          yield Optional.of(names.iterator().next());
        }
        yield party.gateway() ? Optional.of(party.label()) : Optional.empty();
      }
    };
  }
}
