// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.tap;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.IpLiteral;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.observation.query.PairTest;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.query.QueryException.Fault;
import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.Party;
import io.selvage.controlplane.observation.workload.PodInfo;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.mesh.ControlMessage.Tap;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TapEvent;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** All Taps there are: whom to ask, and whose what comes is. Confined to one thread. */
public final class TapDesk {
  /** Taps at a time; one more is refused. */
  public static final int MAX_TAPS = 32;

  private static final int STATUS_MILLIS = 2_000;

  private final WorkloadDirectory directory;
  private final PairTest test;
  private final LongSupplier clock;
  private final Map<Long, Open> open = new HashMap<>();
  private @Nullable ProxyFleet fleet;
  private long ids;

  /** One that is open. */
  private static final class Open {
    final TapRequest request;
    final TapListener listener;

    /** Number of each proxy that is asked, by session, and what it dropped. */
    final Map<Long, Integer> numbers = new HashMap<>();

    final Map<Long, Long> dropped = new HashMap<>();
    int lastNumber;

    /** What those dropped that are gone. */
    long droppedBefore;

    Set<Long> asked = Set.of();
    int perSecond;
    long second;
    int told;
    long droppedHere;
    long statusAt;

    Open(TapRequest request, TapListener listener) {
      this.request = request;
      this.listener = listener;
    }

    /** A proxy is gone; one that comes back has another session. */
    void forget(long session) {
      numbers.remove(session);
      Long before = dropped.remove(session);
      droppedBefore += before == null ? 0 : before;
    }

    long dropped() {
      return droppedHere
          + droppedBefore
          + dropped.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /**
   * @param clock milliseconds that never go back, the directory's
   */
  public TapDesk(WorkloadDirectory directory, LongSupplier clock) {
    this.directory = directory;
    this.clock = clock;
    test = new PairTest(directory);
  }

  /** Says who can be asked. */
  public void connect(ProxyFleet newFleet) {
    fleet = newFleet;
  }

  /**
   * Opens a Tap.
   *
   * @return what {@link #end} takes
   * @throws QueryException if there are too many
   */
  public long begin(TapRequest request, TapListener listener) {
    if (open.size() >= MAX_TAPS) {
      throw new QueryException(Fault.BUSY, "there are " + MAX_TAPS + " taps already; try again");
    }
    long id = ++ids;
    var tap = new Open(request, listener);
    open.put(id, tap);
    ask(id, tap);
    return id;
  }

  /** Closes a Tap; nothing comes after. */
  public void end(long id) {
    Open tap = open.remove(id);
    if (tap != null && fleet != null && !tap.asked.isEmpty()) {
      fleet.tap(tap.asked, Tap.end(id));
    }
  }

  /** Asks proxies that have come since; regularly. */
  public void refresh() {
    open.forEach(this::ask);
  }

  private void ask(long id, Open tap) {
    if (fleet == null) {
      return;
    }
    Set<Long> wanted =
        fleet.proxies().stream()
            .filter(proxy -> isWanted(tap.request, proxy))
            .map(ConnectedProxy::session)
            .collect(Collectors.toSet());
    // Each may tell twice its share, as others will be silent; the sum is bounded here.
    int share = Math.max(1, -Math.floorDiv(-2 * tap.request.maxPerSecond(), wanted.size() + 1));
    int perSecond = Math.min(tap.request.maxPerSecond(), share);
    Set<Long> news = new HashSet<>(wanted);
    boolean same = perSecond == tap.perSecond;
    if (same) {
      news.removeAll(tap.asked);
    }
    var gone = new HashSet<>(tap.asked);
    gone.removeAll(wanted);
    if (!gone.isEmpty()) {
      fleet.tap(gone, Tap.end(id));
    }
    if (!news.isEmpty()) {
      fleet.tap(news, tap.request.message(id, perSecond));
    }
    boolean changed = !wanted.equals(tap.asked);
    tap.asked = wanted;
    tap.perSecond = perSecond;
    gone.forEach(tap::forget);
    wanted.forEach(session -> tap.numbers.computeIfAbsent(session, s -> ++tap.lastNumber));
    long now = clock.getAsLong();
    if (changed || now - tap.statusAt >= STATUS_MILLIS) {
      tap.statusAt = now;
      tap.listener.status(wanted.size(), tap.dropped());
    }
  }

  private boolean isWanted(TapRequest request, ConnectedProxy proxy) {
    Party party = party(proxy);
    return test.isPartOf(request.resource(), request.namespace(), party)
        && (request.labels().isAny()
            || party.pod().filter(pod -> request.labels().matches(pod.labels())).isPresent());
  }

  private Party party(ConnectedProxy proxy) {
    return directory.proxy(proxy.pod(), proxy.identity(), proxy.kind(), Optional.empty());
  }

  /** Takes what a proxy tells; what it was not asked for is ignored. */
  public void event(ConnectedProxy from, ProxyMessage.Tapped tapped) {
    Open tap = open.get(tapped.id());
    if (tap == null || !tap.asked.contains(from.session())) {
      return;
    }
    tap.dropped.merge(from.session(), tapped.dropped(), Math::max);
    TapEvent event = tapped.event();
    Party own = party(from);
    Party peer = peer(event);
    if (tap.request.to().isPresent() && !goesTo(tap.request, event, own, peer)) {
      return;
    }
    long second = clock.getAsLong() / 1_000;
    if (second != tap.second) {
      tap.second = second;
      tap.told = 0;
    }
    if (tap.told >= tap.request.maxPerSecond()) {
      tap.droppedHere++;
      return;
    }
    tap.told++;
    tap.listener.exchange(row(tap.numbers.getOrDefault(from.session(), 0), event, own, peer));
  }

  private Party peer(TapEvent event) {
    Optional<WorkloadIdentity> account = WorkloadIdentity.parse(event.peerIdentity());
    String address = IpLiteral.canonical(event.peer()).orElse("");
    return directory.peer(address, clock.getAsLong(), account);
  }

  private boolean goesTo(TapRequest request, TapEvent event, Party own, Party peer) {
    if (event.direction() == Direction.INBOUND) {
      return false; // its client's proxy tells of it, if it is one of those asked
    }
    var pair =
        new PairTotals(
            event.direction(),
            own,
            peer,
            event.service(),
            event.route(),
            event.security(),
            event.denied(),
            new double[0],
            0,
            1);
    return test.matches(request.to().orElseThrow(), pair);
  }

  private TapRow row(int number, TapEvent event, Party own, Party peer) {
    boolean inbound = event.direction() == Direction.INBOUND;
    boolean secured = event.security() == Security.SECURED;
    return new TapRow(
        number + ":" + event.sequence(),
        inbound ? "in" : "out",
        end(event.source(), inbound ? peer : own.gateway() ? client(event.source()) : own),
        end(event.destination(), inbound ? own : peer),
        secured ? "true" : event.security().label(),
        event.denied(),
        event.service(),
        event.route(),
        event.method(),
        event.scheme(),
        event.authority(),
        event.path(),
        event.status() == 0 ? null : event.status(),
        event.grpcStatus() < 0 ? null : event.grpcStatus(),
        event.latencyMicros() < 0 ? null : event.latencyMicros(),
        event.durationMicros(),
        event.requestBytes(),
        event.responseBytes(),
        event.outcome(),
        event.broken(),
        event.headers().isEmpty() ? null : headers(event.headers()));
  }

  private static SortedMap<String, String> headers(List<TapEvent.Header> all) {
    var sorted = new TreeMap<String, String>();
    all.forEach(header -> sorted.merge(header.name(), header.value(), (a, b) -> a + ", " + b));
    return sorted;
  }

  /** A gateway stands between: its client is whoever came to it. */
  private Party client(String source) {
    String host = source.substring(0, Math.max(0, source.lastIndexOf(':')));
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return directory.peer(
        IpLiteral.canonical(host).orElse(""), clock.getAsLong(), Optional.empty());
  }

  private static TapRow.End end(String address, Party party) {
    var owners = new TreeMap<String, String>();
    party
        .pod()
        .ifPresent(pod -> pod.owners().forEach((type, name) -> owners.put(type.longName(), name)));
    String pod = party.pod().map(PodInfo::key).map(key -> key.name()).orElse(party.label());
    return new TapRow.End(address, party.namespace(), pod, party.identity(), owners);
  }

  /** Proxies that are remembered for the Taps that are open. */
  int remembered() {
    return open.values().stream().mapToInt(tap -> tap.numbers.size() + tap.dropped.size()).sum();
  }

  /** Taps that are open. */
  public int size() {
    return open.size();
  }
}
