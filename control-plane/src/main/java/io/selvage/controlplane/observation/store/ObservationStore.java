// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.IpLiteral;
import io.selvage.controlplane.observation.ObservationLimits;
import io.selvage.controlplane.observation.store.ProxyTraffic.CallKey;
import io.selvage.controlplane.observation.store.ProxyTraffic.CallSeries;
import io.selvage.controlplane.observation.store.ProxyTraffic.Pair;
import io.selvage.controlplane.observation.store.ProxyTraffic.PairKey;
import io.selvage.controlplane.observation.workload.Party;
import io.selvage.controlplane.observation.workload.PodInfo;
import io.selvage.controlplane.observation.workload.PodKey;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Call;
import io.selvage.model.mesh.TrafficReport.Edge;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The reports of the last ten minutes, in buckets of ten seconds, one series a pair: a proxy and
 * its peer, with direction, Service, route and security. Memory is bounded by {@link
 * ObservationLimits}: beyond them the series that was silent the longest makes room.
 *
 * <p>Not thread-safe.
 */
public final class ObservationStore {
  /** How far back the store goes. */
  public static final Duration WINDOW = Duration.ofMinutes(10);

  /** How far back calls go. */
  public static final Duration CALL_WINDOW = Duration.ofMinutes(1);

  /**
   * A proxy heard within this time is taken to have told everything up to its last report; of one
   * that has fallen silent, nothing more is expected, and the silence counts as time.
   */
  private static final long FRESH_MILLIS = 30_000;

  private final ObservationLimits limits;
  private final WorkloadDirectory directory;
  private final LongSupplier clock;
  private final StoreFigures figures = new StoreFigures();
  private final Map<ProxyTraffic.Key, ProxyTraffic> proxies = new HashMap<>();
  private final Map<Long, ProxyTraffic> sessions = new HashMap<>();
  private final LinkedHashMap<Pair, Boolean> pairsByUse = new LinkedHashMap<>(16, 0.75f, true);
  private final LinkedHashMap<CallSeries, Boolean> callsByUse =
      new LinkedHashMap<>(16, 0.75f, true);
  private final SlidingCounts evictions = new SlidingCounts();

  /**
   * @param clock milliseconds that never go back
   */
  public ObservationStore(
      ObservationLimits limits, WorkloadDirectory directory, LongSupplier clock) {
    this.limits = limits;
    this.directory = directory;
    this.clock = clock;
  }

  /** What the store tells of itself; may be read from any thread. */
  public StoreFigures figures() {
    return figures;
  }

  /** Takes a report in; whatever is wrong with it is counted and let fall. */
  public void report(ConnectedProxy from, TrafficReport report) {
    if (!ReportCheck.isSane(report)) {
      figures.absurdReports.increment();
      return;
    }
    ProxyTraffic proxy = proxy(from);
    if (!proxy.sequence.isNew(from.session(), report)) {
      figures.duplicates.increment();
      return;
    }
    long now = clock.getAsLong();
    boolean late = proxy.connection.session() != from.session();
    proxy.lastReport = now;
    if (!late) {
      proxy.report++;
    }
    var spread = new Spread(now - Math.max(1, report.millis()), now);
    for (Edge edge : report.edges()) {
      Optional<String> address = IpLiteral.canonical(edge.peer());
      if (address.isEmpty() || !ReportCheck.isSane(edge)) {
        figures.absurdEntries.increment();
        continue;
      }
      take(proxy, edge, address.get(), spread, now, late);
    }
    // A peer that is not mentioned has no open connection any more.
    for (Pair pair : proxy.pairs.values()) {
      if (!late && pair.openReport != proxy.report) {
        pair.open = 0;
      }
    }
    for (Call call : report.calls()) {
      Optional<String> address = IpLiteral.canonical(call.peer());
      if (address.isEmpty() || !ReportCheck.isSane(call)) {
        figures.absurdEntries.increment();
      } else if (call.count() > 0) {
        take(proxy, call, address.get(), now);
      }
    }
    figures.reports.increment();
    publish();
  }

  /** The stream of a proxy has ended: its connections are not known to be open any more. */
  public void gone(ConnectedProxy connection) {
    ProxyTraffic proxy = sessions.remove(connection.session());
    if (proxy != null && proxy.connection.session() == connection.session()) {
      proxy.connected = false;
      proxy.pairs.values().forEach(pair -> pair.open = 0);
    }
  }

  /**
   * Pods that are not among the objects, of one ServiceAccount: a proxy may call itself what it
   * likes then, and must not push out what others have told by inventing names.
   */
  static final int UNKNOWN_PODS_OF_IDENTITY = 4;

  private ProxyTraffic proxy(ConnectedProxy from) {
    ProxyTraffic known = sessions.get(from.session());
    if (known != null) {
      return known;
    }
    Optional<PodKey> pod = directory.pod(from.pod()).map(PodInfo::key).filter(directory::isLive);
    var key = new ProxyTraffic.Key(pod, from.pod().namespace(), from.pod().name(), from.identity());
    if (pod.isEmpty() && !proxies.containsKey(key)) {
      makeRoomForUnknown(from.identity());
    }
    ProxyTraffic proxy = proxies.computeIfAbsent(key, k -> new ProxyTraffic(k, from));
    if (proxy.connected && from.since().isBefore(proxy.connection.since())) {
      // What came late through the replica it has left counts, but it is connected elsewhere.
      return proxy;
    }
    sessions.remove(proxy.connection.session());
    proxy.connection = from;
    proxy.connected = true;
    sessions.put(from.session(), proxy);
    return proxy;
  }

  private void makeRoomForUnknown(WorkloadIdentity identity) {
    ProxyTraffic oldest = null;
    int count = 0;
    for (ProxyTraffic one : proxies.values()) {
      if (one.key.pod().isEmpty() && one.key.identity().equals(identity)) {
        count++;
        oldest = oldest == null || one.lastReport < oldest.lastReport ? one : oldest;
      }
    }
    if (oldest == null || count < UNKNOWN_PODS_OF_IDENTITY) {
      return;
    }
    List.copyOf(oldest.pairs.values()).forEach(this::remove);
    List.copyOf(oldest.calls.values()).forEach(this::remove);
    proxies.remove(oldest.key);
    sessions.remove(oldest.connection.session(), oldest);
  }

  /**
   * @param late whether it has reported on a newer stream since, which says what is open
   */
  private void take(
      ProxyTraffic proxy, Edge edge, String address, Spread spread, long now, boolean late) {
    Optional<WorkloadIdentity> identity = WorkloadIdentity.parse(edge.peerIdentity());
    Optional<PodKey> pod = directory.podAt(address, now, identity).map(PodInfo::key);
    var key =
        new PairKey(
            edge.direction(),
            pod,
            pod.isPresent() ? "" : address,
            edge.peerIdentity(),
            edge.service(),
            edge.route(),
            edge.security(),
            edge.denied());
    Pair pair = proxy.pairs.get(key);
    long[] counts = Counts.of(edge);
    if (pair == null) {
      if (edge.open() == 0 && Counts.isZero(counts)) {
        return;
      }
      makeRoomForPair(proxy, now);
      pair = new Pair(proxy, key, address);
      proxy.pairs.put(key, pair);
    }
    pairsByUse.put(pair, true);
    pair.address = address;
    pair.lastUsed = now;
    if (!late) {
      // Entries that differ in the port alone are one pair.
      pair.open =
          pair.openReport == proxy.report ? Counts.plus(pair.open, edge.open()) : edge.open();
      pair.openReport = proxy.report;
    }
    for (int part = 0; part < spread.parts(); part++) {
      pair.counts.add(spread.bucket(part), spread.part(part, counts));
    }
  }

  private void makeRoomForPair(ProxyTraffic proxy, long now) {
    Pair evicted = null;
    if (proxy.pairs.size() >= limits.pairsOfProxy()) {
      evicted = proxy.pairs.firstEntry().getValue();
    } else if (pairsByUse.size() >= limits.pairs()) {
      evicted = pairsByUse.firstEntry().getKey();
    }
    if (evicted != null) {
      remove(evicted);
      figures.evictedPairs.increment();
      evictions.add(SlidingCounts.bucketOf(now), new long[] {1});
    }
  }

  private void remove(Pair pair) {
    pair.owner.pairs.remove(pair.key);
    pairsByUse.remove(pair);
  }

  private void take(ProxyTraffic proxy, Call call, String address, long now) {
    Optional<PodKey> pod = directory.podAt(address, now, Optional.empty()).map(PodInfo::key);
    var key =
        new CallKey(
            call.direction(),
            pod,
            pod.isPresent() ? "" : address,
            call.service(),
            call.method(),
            call.path());
    CallSeries series = proxy.calls.get(key);
    if (series == null) {
      if (proxy.calls.size() >= limits.callsOfProxy()) {
        evict(proxy.calls.firstEntry().getValue());
      } else if (callsByUse.size() >= limits.calls()) {
        evict(callsByUse.firstEntry().getKey());
      }
      series = new CallSeries(proxy, key, address);
      proxy.calls.put(key, series);
    }
    callsByUse.put(series, true);
    series.lastUsed = now;
    series.durations.add(SlidingCounts.bucketOf(now), call);
  }

  private void evict(CallSeries series) {
    remove(series);
    figures.evictedCalls.increment();
  }

  private void remove(CallSeries series) {
    series.owner.calls.remove(series.key);
    callsByUse.remove(series);
  }

  /** Drops what nobody spoke of for ten minutes. To be called every few seconds. */
  public void sweep() {
    long now = clock.getAsLong();
    long oldest = firstBucket(now, WINDOW);
    // Least used first; a silent pair may still have open connections, its proxy says so each time.
    dropOld(pairsByUse, pair -> SlidingCounts.bucketOf(pair.lastUsed) < oldest, this::remove);
    long oldestCall = firstBucket(now, CALL_WINDOW);
    dropOld(callsByUse, call -> SlidingCounts.bucketOf(call.lastUsed) < oldestCall, this::remove);
    Iterator<ProxyTraffic> all = proxies.values().iterator();
    while (all.hasNext()) {
      ProxyTraffic proxy = all.next();
      boolean silent = now - proxy.lastReport > WINDOW.toMillis();
      if (proxy.pairs.isEmpty() && proxy.calls.isEmpty() && (!proxy.connected || silent)) {
        all.remove();
        sessions.remove(proxy.connection.session(), proxy);
      }
    }
    directory.expire(now);
    publish();
  }

  private static <T> void dropOld(
      SequencedMap<T, Boolean> byUse, Predicate<T> old, Consumer<T> remove) {
    while (!byUse.isEmpty() && old.test(byUse.firstEntry().getKey())) {
      remove.accept(byUse.firstEntry().getKey());
    }
  }

  private void publish() {
    figures.pairs = pairsByUse.size();
    figures.calls = callsByUse.size();
    figures.proxies = proxies.size();
  }

  /** Pairs that had to make room within the last ten minutes: what is shown lacks them. */
  public long recentEvictions() {
    var sum = new long[1];
    evictions.sum(firstBucket(clock.getAsLong(), WINDOW), sum);
    return sum[0];
  }

  /** Pods whose proxy is connected and reports. */
  public Set<PodKey> reportingPods() {
    long now = clock.getAsLong();
    return proxies.values().stream()
        .filter(proxy -> proxy.isCurrent(now))
        .flatMap(proxy -> party(proxy).pod().stream())
        .map(PodInfo::key)
        .collect(Collectors.toSet());
  }

  /** What the proxy of a pod is; a sidecar, where none was heard of. */
  public ProxyKind kindOf(PodRef pod) {
    return proxies.values().stream()
        .filter(proxy -> proxy.connection.pod().equals(pod))
        .map(proxy -> proxy.connection.kind())
        .findFirst()
        .orElse(ProxyKind.SIDECAR);
  }

  /**
   * Every pair with traffic within the window, or with open connections now.
   *
   * @param window at most {@link #WINDOW}; the bucket it begins in counts as a whole
   */
  public List<PairTotals> pairs(Duration window) {
    long now = clock.getAsLong();
    long first = firstBucket(now, window);
    var totals = new ArrayList<PairTotals>();
    for (ProxyTraffic proxy : proxies.values()) {
      if (proxy.pairs.isEmpty()) {
        continue;
      }
      Party self = party(proxy);
      double seconds = seconds(proxy, first, now);
      boolean current = proxy.isCurrent(now);
      for (Pair pair : proxy.pairs.values()) {
        var sums = new long[Counts.SIZE];
        pair.counts.sum(first, sums);
        long open = current ? pair.open : 0;
        if (open == 0 && Counts.isZero(sums)) {
          continue;
        }
        var counts = new double[Counts.SIZE];
        for (int i = 0; i < sums.length; i++) {
          counts[i] = sums[i];
        }
        totals.add(
            new PairTotals(
                pair.key.direction(),
                self,
                peer(pair.key.pod(), pair.address, pair.lastUsed, pair.identity),
                pair.key.service(),
                pair.key.route(),
                pair.key.security(),
                pair.key.denied(),
                counts,
                open,
                seconds));
      }
    }
    return totals;
  }

  /** Every kind of request that was seen within the last minute. */
  public List<CallTotals> calls() {
    long first = firstBucket(clock.getAsLong(), CALL_WINDOW);
    var totals = new ArrayList<CallTotals>();
    for (ProxyTraffic proxy : proxies.values()) {
      if (proxy.calls.isEmpty()) {
        continue;
      }
      Party self = party(proxy);
      for (CallSeries series : proxy.calls.values()) {
        SlidingCalls.Bucket sum = series.durations.sum(first);
        if (sum.count > 0) {
          totals.add(
              new CallTotals(
                  series.key.direction(),
                  self,
                  peer(
                      series.key.pod(),
                      series.address,
                      series.lastUsed,
                      series.key.pod().isEmpty() ? identityAt(proxy, series) : Optional.empty()),
                  series.key.service(),
                  series.key.method(),
                  series.key.path(),
                  sum.count,
                  sum.successes,
                  sum.best,
                  sum.worst,
                  sum.last,
                  series.lastUsed));
        }
      }
    }
    return totals;
  }

  private Party party(ProxyTraffic proxy) {
    PodRef name = proxy.connection.pod();
    return directory.proxy(name, proxy.key.identity(), proxy.connection.kind(), proxy.key.pod());
  }

  /** A peer whose pod was not known at the time may be known by now. */
  private Party peer(
      Optional<PodKey> pod, String address, long at, Optional<WorkloadIdentity> identity) {
    Optional<PodInfo> known = pod.flatMap(directory::pod);
    return known.isPresent()
        ? new Party(known, identity, address, false, "")
        : directory.peer(address, at, identity);
  }

  /**
   * Who an address is that is no pod's: calls do not say, but the connections they came by do,
   * unless several share the address.
   */
  private static Optional<WorkloadIdentity> identityAt(ProxyTraffic proxy, CallSeries series) {
    Set<Optional<WorkloadIdentity>> identities =
        proxy.pairs.values().stream()
            .filter(pair ->
                pair.key.direction() == series.key.direction()
                    && pair.address.equals(series.address))
            .map(pair -> pair.identity)
            .collect(Collectors.toSet());
    return identities.size() == 1 ? identities.iterator().next() : Optional.empty();
  }

  /** Seconds the sums of a proxy belong to: from the window's begin to what it last told of. */
  private static double seconds(ProxyTraffic proxy, long first, long now) {
    boolean fresh = proxy.connected && now - proxy.lastReport < FRESH_MILLIS;
    long end = fresh ? proxy.lastReport : now;
    return Math.max(1_000, end - first * SlidingCounts.BUCKET_MILLIS) / 1_000.0;
  }

  private static long firstBucket(long now, Duration window) {
    return SlidingCounts.bucketOf(now - window.toMillis());
  }
}
