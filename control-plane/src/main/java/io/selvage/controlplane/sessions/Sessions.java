// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.discovery.DiscoveryService;
import io.selvage.controlplane.link.BundleSource;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All sessions, and what they need. Thread-safe. */
public final class Sessions implements ProxyFleet {
  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);
  private static final Comparator<ConnectedProxy> BY_POD =
      Comparator.<ConnectedProxy, String>comparing(p -> p.pod().namespace())
          .thenComparing(p -> p.pod().name())
          .thenComparingLong(ConnectedProxy::session);

  private final Parts parts;
  private final SessionLimits limits;
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicInteger subscriptions = new AtomicInteger();
  private volatile boolean admitting;
  private volatile @Nullable Instant behindSince;
  private final ConcurrentHashMap<ProxySession, Boolean> all = new ConcurrentHashMap<>();
  private final Object lock = new Object();
  // Guarded by lock.
  private final Map<WorkloadIdentity, Integer> byIdentity = new HashMap<>();
  private final Map<PodRef, ArrayDeque<ProxySession>> byPod = new HashMap<>();

  /**
   * What sessions work with.
   *
   * @param instance name of this replica
   * @param reportInterval how often reports are wanted
   * @param toleratesUnknownPods whether a proxy may belong to a pod that is not among the objects
   * @param gateways who may be a gateway, and so is told of every address
   */
  public record Parts(
      DiscoveryService discovery,
      BundleSource bundles,
      TrafficSink traffic,
      SessionCounters counters,
      InstantSource clock,
      String instance,
      Duration reportInterval,
      boolean toleratesUnknownPods,
      Predicate<WorkloadIdentity> gateways) {
    public Parts {
      requireNonNull(discovery, "discovery");
      requireNonNull(bundles, "bundles");
      requireNonNull(traffic, "traffic");
      requireNonNull(counters, "counters");
      requireNonNull(clock, "clock");
      requireNonNull(instance, "instance");
      requireNonNull(reportInterval, "reportInterval");
      requireNonNull(gateways, "gateways");
    }
  }

  public Sessions(Parts parts, SessionLimits limits) {
    this.parts = requireNonNull(parts, "parts");
    this.limits = requireNonNull(limits, "limits");
  }

  /**
   * Lets proxies in from now on: the objects are known. Before that every answer would be "nobody
   * knows this address", which proxies must not take for an answer.
   */
  public void admit() {
    admitting = true;
  }

  /**
   * Tells every proxy, and whoever comes later, since when what is known here may be out of date.
   *
   * @param since null = it is not
   */
  public void behind(@Nullable Instant since) {
    if (!Objects.equals(behindSince, since)) {
      behindSince = since;
      all.keySet().forEach(ProxySession::ageChanged);
    }
  }

  /** How old what is known here is, in milliseconds; 0 = up to date. */
  long ageMillis() {
    Instant since = behindSince;
    // What has just begun is not over yet.
    return since == null
        ? 0
        : Math.max(1, Duration.between(since, parts.clock().instant()).toMillis());
  }

  /**
   * Begins a session, on the loop of its stream.
   *
   * @param identity proved by the peer's certificate
   * @param certificateEnd end of that certificate, and of the session
   * @param peer IP literal
   * @throws RpcException if the identity has too many already, or nobody is let in yet
   */
  public ProxySession open(
      WorkloadIdentity identity, Instant certificateEnd, String peer, SessionChannel channel) {
    if (!admitting) {
      throw new RpcException(
          RpcException.Status.UNAVAILABLE, "this control plane does not know the cluster yet");
    }
    synchronized (lock) {
      int open = byIdentity.getOrDefault(identity, 0);
      if (open >= limits.streamsPerIdentity()) {
        throw new RpcException(
            RpcException.Status.RESOURCE_EXHAUSTED, "too many streams of " + identity.uri());
      }
      byIdentity.put(identity, open + 1);
    }
    Instant now = parts.clock().instant();
    var session = new ProxySession(numbers.incrementAndGet(), identity, peer, channel, this, now);
    all.put(session, true);
    session.certificateEnds(certificateEnd);
    Duration life = Duration.between(now, certificateEnd);
    session.begin(life.isNegative() ? Duration.ZERO : life);
    return session;
  }

  /** A session has said who it is. */
  void greeted(ProxySession session, PodRef pod, boolean known) {
    ProxySession replaced = null;
    if (known) {
      synchronized (lock) {
        var ofPod = byPod.computeIfAbsent(pod, p -> new ArrayDeque<>(1));
        ofPod.addLast(session);
        if (ofPod.size() > limits.streamsPerPod()) {
          replaced = ofPod.pollFirst();
        }
      }
    } else {
      LOG.atInfo()
          .addKeyValue("identity", session.identity())
          .addKeyValue("pod", pod)
          .log("a proxy of a pod that is not among the objects");
    }
    if (replaced != null) {
      replaced.endLater(Duration.ZERO, "a newer stream of the pod took the place of this one");
    }
  }

  void ended(ProxySession session) {
    all.remove(session);
    synchronized (lock) {
      byIdentity.computeIfPresent(session.identity(), (i, open) -> open > 1 ? open - 1 : null);
      byPod.computeIfPresent(session.pod(), (p, ofPod) -> remaining(ofPod, session));
    }
    session.proxy().ifPresent(parts.traffic()::gone);
  }

  private static @Nullable ArrayDeque<ProxySession> remaining(
      ArrayDeque<ProxySession> ofPod, ProxySession gone) {
    ofPod.remove(gone);
    return ofPod.isEmpty() ? null : ofPod;
  }

  @Override
  public List<ConnectedProxy> proxies() {
    return all.keySet().stream()
        .map(ProxySession::proxy)
        .flatMap(Optional::stream)
        .sorted(BY_POD)
        .toList();
  }

  @Override
  public void tap(Set<Long> wanted, ControlMessage.Tap tap) {
    all.keySet().stream()
        .filter(session ->
            session.proxy().filter(proxy -> wanted.contains(proxy.session())).isPresent())
        .forEach(session -> session.tap(tap));
  }

  @Override
  public void bundleChanged(boolean renew) {
    all.keySet().forEach(session -> session.bundleChanged(renew));
  }

  /** Streams open, greeted or not. */
  public int size() {
    return all.size();
  }

  /** Subscriptions of all sessions. */
  public int subscriptions() {
    return subscriptions.get();
  }

  /**
   * Lets nobody in any more and ends all streams, spread over a while so that not everybody comes
   * to the other replicas at once.
   */
  public void drain(Duration within) {
    admitting = false;
    long millis = Math.max(1, within.toMillis());
    for (ProxySession session : all.keySet()) {
      session.endLater(
          Duration.ofMillis(ThreadLocalRandom.current().nextLong(millis) + 1),
          "this control plane is shutting down");
    }
  }

  boolean takeSubscription() {
    if (subscriptions.incrementAndGet() <= limits.subscriptionsInAll()) {
      return true;
    }
    subscriptions.decrementAndGet();
    return false;
  }

  void giveSubscription() {
    subscriptions.decrementAndGet();
  }

  void log(ProxySession session, String reason, String message) {
    // What a peer sends decides how often this happens: not louder than this.
    LOG.atDebug()
        .addKeyValue("identity", session.identity())
        .addKeyValue("pod", session.pod())
        .addKeyValue("reason", reason)
        .log(message);
  }

  SessionLimits limits() {
    return limits;
  }

  DiscoveryService discovery() {
    return parts.discovery();
  }

  BundleSource bundles() {
    return parts.bundles();
  }

  TrafficSink traffic() {
    return parts.traffic();
  }

  SessionCounters counters() {
    return parts.counters();
  }

  String instance() {
    return parts.instance();
  }

  Duration reportInterval() {
    return parts.reportInterval();
  }

  boolean mayBeGateway(WorkloadIdentity identity) {
    return parts.gateways().test(identity);
  }

  boolean toleratesUnknownPods() {
    return parts.toleratesUnknownPods();
  }
}
