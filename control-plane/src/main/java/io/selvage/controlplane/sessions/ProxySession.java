// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.discovery.AddressDirectory;
import io.selvage.controlplane.discovery.DestinationView;
import io.selvage.controlplane.discovery.DiscoveryService;
import io.selvage.controlplane.discovery.PodFacts;
import io.selvage.controlplane.discovery.Watch;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One proxy's stream. Nothing is queued for it: the session remembers what it told last, notes what
 * has changed since, and puts the message together when the connection takes it. A slow reader is
 * thereby told the newest only, costs no more memory than a fast one, and is cut off when it takes
 * nothing at all for a while. Confined to the loop of its stream; the methods that say so may be
 * called from any thread.
 */
public final class ProxySession {
  /** A proxy that reads gets them at once. */
  private static final int MAX_TAPS_WAITING = 256;

  private final long number;
  private final WorkloadIdentity identity;
  private final String peer;
  private final SessionChannel channel;
  private final Sessions sessions;
  private final Instant since;
  private final Map<Long, Subscription> subscriptions = new HashMap<>();
  private final ArrayDeque<Subscription> due = new ArrayDeque<>();
  private final ReportBudget reports;
  private final ReportBudget exchanges;
  private final Queue<ControlMessage.Tap> taps = new ConcurrentLinkedQueue<>();

  // Written by discovery and identity, taken by the loop.
  private final Queue<Subscription> changed = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean woken = new AtomicBoolean();
  private volatile boolean bundleDue;
  private volatile boolean renewDue;
  private volatile boolean podDue;
  private volatile boolean workloadsDue;
  private volatile boolean ageDue;
  private volatile @Nullable ConnectedProxy proxy;

  private final Runnable workloadsListener = this::workloadsChanged;
  private final DiscoveryService.PodListener podListener = this::podChanged;
  private long certificateNotAfterMillis;
  private ProxyMessage.@Nullable Hello hello;
  private @Nullable InboundSettings sentSettings;
  private AddressDirectory.@Nullable View sentWorkloads;
  private SessionChannel.@Nullable Cancellable deadline;
  private SessionChannel.@Nullable Cancellable stall;
  private SessionChannel.@Nullable Cancellable expiry;
  private int unanswered;
  private boolean paused;
  private boolean closed;
  private String node = "";

  ProxySession(
      long number,
      WorkloadIdentity identity,
      String peer,
      SessionChannel channel,
      Sessions sessions,
      Instant now) {
    this.number = number;
    this.identity = requireNonNull(identity, "identity");
    this.peer = requireNonNull(peer, "peer");
    this.channel = requireNonNull(channel, "channel");
    this.sessions = requireNonNull(sessions, "sessions");
    this.since = now;
    this.reports = new ReportBudget(sessions.limits().reportsPerSecond(), System.nanoTime());
    this.exchanges = new ReportBudget(2 * ControlMessage.Tap.MAX_PER_SECOND, System.nanoTime());
  }

  /** Waits for Hello, and for the end of the certificate the stream was opened with. */
  void begin(Duration certificateLife) {
    deadline =
        channel.after(
            sessions.limits().helloWithin(),
            () -> fail(Status.INVALID_ARGUMENT, "NoHello", "no Hello came in time"));
    expiry =
        channel.after(
            certificateLife,
            () ->
                fail(
                    Status.UNAUTHENTICATED,
                    "CertificateEnded",
                    "the certificate this stream was opened with has ended"));
  }

  WorkloadIdentity identity() {
    return identity;
  }

  /** Who it is; empty before its Hello. From any thread. */
  Optional<ConnectedProxy> proxy() {
    return Optional.ofNullable(proxy);
  }

  /** The pod; {@link PodRef#NONE} before its Hello. From any thread. */
  PodRef pod() {
    ConnectedProxy known = proxy;
    return known == null ? PodRef.NONE : known.pod();
  }

  /** Takes a message of the proxy's. */
  public void onMessage(ProxyMessage message) {
    if (closed) {
      return;
    }
    ProxyMessage.Hello greeting = hello;
    if (message instanceof ProxyMessage.Hello first) {
      if (greeting != null) {
        malformed("a second Hello");
      } else {
        greet(first);
      }
      return;
    }
    if (greeting == null) {
      malformed("the first message is not Hello");
      return;
    }
    switch (message) {
      case ProxyMessage.Hello _ -> {}
      case ProxyMessage.Subscribe subscribe -> subscribe(subscribe);
      case ProxyMessage.Unsubscribe(long id) -> unsubscribe(id);
      case ProxyMessage.State(String fingerprint, long notAfter) ->
          describe(greeting, fingerprint, notAfter);
      case ProxyMessage.Report(TrafficReport report) -> report(report);
      case ProxyMessage.Tapped tapped -> tapped(tapped);
    }
  }

  private void greet(ProxyMessage.Hello greeting) {
    if (greeting.version() < 1) {
      malformed("version " + greeting.version());
      return;
    }
    if (greeting.version() < MeshProtocol.VERSION - 1) {
      fail(
          Status.FAILED_PRECONDITION,
          "VersionTooOld",
          "this control plane speaks version " + MeshProtocol.VERSION + " and the one before");
      return;
    }
    if (greeting.kind() == ProxyKind.GATEWAY && !sessions.mayBeGateway(identity)) {
      fail(
          Status.PERMISSION_DENIED,
          "NotAGateway",
          identity
              + " may not be a gateway of this mesh; the control plane's --gateway-identity says"
              + " who may");
      return;
    }
    PodRef pod = greeting.pod();
    if (pod.name().chars().anyMatch(Character::isISOControl)) {
      // Names of pods stand in logs and on terminals.
      malformed("a name of a pod with control characters");
      return;
    }
    if (!pod.equals(PodRef.NONE) && !pod.namespace().equals(identity.namespace())) {
      foreignPod(pod);
      return;
    }
    Optional<PodFacts> facts = sessions.discovery().pod(pod);
    if (facts.isPresent() && !facts.get().identity().equals(identity.uri())) {
      foreignPod(pod);
      return;
    }
    if (facts.isEmpty() && !sessions.toleratesUnknownPods()) {
      fail(Status.FAILED_PRECONDITION, "UnknownPod", "there is no pod " + pod + " (yet)");
      return;
    }
    if (deadline != null) {
      deadline.cancel();
    }
    hello = greeting;
    node = facts.map(PodFacts::node).orElse("");
    describe(greeting, greeting.bundle(), 0);
    sessions.greeted(this, pod, facts.isPresent());
    send(
        new ControlMessage.Welcome(
            Math.min(greeting.version(), MeshProtocol.VERSION),
            sessions.instance(),
            sessions.reportInterval().toMillis()));
    bundleDue = true;
    podDue = true;
    ageDue = sessions.ageMillis() > 0;
    sessions.discovery().listen(pod, podListener);
    if (greeting.kind() == ProxyKind.GATEWAY) {
      workloadsDue = true;
      sessions.discovery().workloads().listen(workloadsListener);
    }
    pump();
  }

  private void foreignPod(PodRef pod) {
    fail(
        Status.PERMISSION_DENIED,
        "ForeignPod",
        "pod " + pod + " does not belong to " + identity.uri());
  }

  private void describe(ProxyMessage.Hello greeting, String bundle, long notAfterMillis) {
    proxy =
        new ConnectedProxy(
            number,
            identity,
            greeting.pod(),
            sessions.discovery().pod(greeting.pod()).isPresent(),
            greeting.kind(),
            peer,
            greeting.software(),
            bundle,
            notAfterMillis == 0 ? certificateNotAfterMillis : notAfterMillis,
            since);
  }

  /** End of the certificate the stream was opened with. */
  void certificateEnds(Instant end) {
    certificateNotAfterMillis = end.toEpochMilli();
  }

  private void subscribe(ProxyMessage.Subscribe wanted) {
    if (subscriptions.containsKey(wanted.id())) {
      malformed("subscription " + wanted.id() + " is open already");
      return;
    }
    if (wanted.port() < 1 || wanted.port() > 65_535) {
      malformed("port " + wanted.port());
      return;
    }
    if (subscriptions.size() >= sessions.limits().subscriptions() || !sessions.takeSubscription()) {
      fail(Status.RESOURCE_EXHAUSTED, "TooManySubscriptions", "too many subscriptions");
      return;
    }
    var subscription = new Subscription(wanted.id());
    Optional<Watch> watch =
        sessions.discovery().watch(wanted.address(), wanted.port(), node, w -> noted(subscription));
    if (watch.isEmpty()) {
      sessions.giveSubscription();
      malformed("the address of subscription " + wanted.id() + " is no IP literal");
      return;
    }
    subscription.watch = watch.get();
    subscriptions.put(wanted.id(), subscription);
    unanswered++;
    if (!paused && unanswered >= sessions.limits().unanswered()) {
      // Whoever asks faster than we answer waits: answers need no queue then.
      paused = true;
      channel.pause();
    }
  }

  private void unsubscribe(long id) {
    Subscription subscription = subscriptions.remove(id);
    if (subscription != null) {
      release(subscription);
    }
  }

  private void release(Subscription subscription) {
    subscription.closed = true;
    sessions.giveSubscription();
    Watch watch = subscription.watch;
    if (watch != null) {
      sessions.discovery().unwatch(watch);
    }
  }

  private void report(TrafficReport report) {
    ConnectedProxy from = proxy;
    if (from == null || !reports.take(System.nanoTime())) {
      sessions.counters().droppedReport();
      return;
    }
    if (report.edges().size() > TrafficReport.MAX_EDGES
        || report.calls().size() > TrafficReport.MAX_CALLS) {
      malformed("a report of more than may be in one");
      return;
    }
    sessions.traffic().report(from, report);
  }

  private void tapped(ProxyMessage.Tapped tapped) {
    ConnectedProxy from = proxy;
    if (from != null && exchanges.take(System.nanoTime())) {
      sessions.traffic().tapped(from, tapped);
    }
  }

  /** Asks for single exchanges, or no longer; from any thread. */
  void tap(ControlMessage.Tap tap) {
    boolean ends = tap.maxPerSecond() == 0;
    if (ends) {
      // It takes the place of what waits still, so that ends are no more than Taps were opened.
      taps.removeIf(waiting -> waiting.id() == tap.id());
    }
    if (ends || taps.size() < MAX_TAPS_WAITING) {
      taps.add(tap);
      wake();
    }
  }

  /** A subscription has another view; from any thread. */
  private void noted(Subscription subscription) {
    if (subscription.noted.compareAndSet(false, true)) {
      changed.add(subscription);
      wake();
    }
  }

  /** The trust bundle or the issuer has changed; from any thread. */
  void bundleChanged(boolean renew) {
    if (renew) {
      renewDue = true;
    }
    bundleDue = true;
    wake();
  }

  /** What is known here has begun to be out of date, or is not any more; from any thread. */
  void ageChanged() {
    ageDue = true;
    wake();
  }

  private void podChanged() {
    podDue = true;
    wake();
  }

  private void workloadsChanged() {
    workloadsDue = true;
    wake();
  }

  private void wake() {
    if (woken.compareAndSet(false, true)) {
      channel.execute(this::pump);
    }
  }

  /** The connection takes more again. */
  public void onWritable() {
    cancelStall();
    pump();
  }

  private void pump() {
    woken.set(false);
    ProxyMessage.Hello greeting = hello;
    if (closed || greeting == null) {
      return;
    }
    for (Subscription next; (next = changed.poll()) != null; ) {
      next.noted.set(false);
      answer(next);
      if (!next.closed) {
        due.add(next);
      }
    }
    while (!closed && channel.isWritable()) {
      if (!sendNext(greeting)) {
        break;
      }
    }
    if (closed) {
      return;
    }
    if (paused && unanswered <= sessions.limits().unanswered() / 2 && due.isEmpty()) {
      paused = false;
      channel.resume();
    }
    if (stall == null && !channel.isWritable() && somethingWaits(greeting)) {
      stall =
          channel.after(
              sessions.limits().stalledFor(),
              () -> {
                sessions.counters().slowReader();
                fail(
                    Status.RESOURCE_EXHAUSTED,
                    "SlowReader",
                    "nothing was read for " + sessions.limits().stalledFor().toSeconds() + " s");
              });
    }
  }

  private void answer(Subscription subscription) {
    if (!subscription.answered) {
      subscription.answered = true;
      unanswered--;
    }
  }

  private boolean somethingWaits(ProxyMessage.Hello greeting) {
    return !due.isEmpty()
        || bundleDue
        || ageDue
        || podDue
        || !taps.isEmpty()
        || greeting.kind() == ProxyKind.GATEWAY && workloadsDue;
  }

  /** Sends what is due first; false if nothing is. */
  private boolean sendNext(ProxyMessage.Hello greeting) {
    if (bundleDue) {
      bundleDue = false;
      boolean renew = renewDue;
      renewDue = false;
      ControlMessage.Bundle bundle;
      try {
        bundle = sessions.bundles().current();
      } catch (RpcException e) {
        fail(e.status(), "NoBundle", e.text());
        return false;
      }
      send(new ControlMessage.Bundle(bundle.pem(), bundle.fingerprint(), renew, bundle.revision()));
      return true;
    }
    if (ageDue) {
      ageDue = false;
      send(new ControlMessage.Age(sessions.ageMillis()));
      return true;
    }
    if (podDue) {
      podDue = false;
      lookAtPod(greeting);
      return true;
    }
    if (workloadsDue && greeting.kind() == ProxyKind.GATEWAY) {
      workloadsDue = false;
      AddressDirectory.View view = sessions.discovery().workloads().view();
      view.since(sentWorkloads).forEach(this::send);
      sentWorkloads = view;
      return true;
    }
    ControlMessage.Tap tap = taps.poll();
    if (tap != null) {
      send(tap);
      return true;
    }
    Subscription subscription = due.poll();
    if (subscription == null) {
      return false;
    }
    if (!subscription.closed) {
      tell(subscription);
    }
    return true;
  }

  private void lookAtPod(ProxyMessage.Hello greeting) {
    Optional<PodFacts> facts = sessions.discovery().pod(greeting.pod());
    if (facts.isPresent() && !facts.get().identity().equals(identity.uri())) {
      foreignPod(greeting.pod());
      return;
    }
    ConnectedProxy known = proxy;
    if (known != null && known.podKnown() != facts.isPresent()) {
      describe(greeting, known.bundle(), known.certificateNotAfterMillis());
    }
    if (facts.isPresent()) {
      node = facts.get().node();
    }
    if (greeting.kind() != ProxyKind.SIDECAR || facts.isEmpty() && sentSettings != null) {
      // A pod that is gone drains by the settings it had.
      return;
    }
    InboundSettings settings =
        facts.map(PodFacts::inbound).orElseGet(sessions.discovery()::unknownPod);
    if (!settings.equals(sentSettings)) {
      sentSettings = settings;
      send(new ControlMessage.Inbound(settings));
    }
  }

  private void tell(Subscription subscription) {
    Watch watch = subscription.watch;
    DestinationView view = watch == null ? null : watch.view();
    if (view == null || view == subscription.sent) {
      return;
    }
    DestinationUpdate update = view.since(subscription.sent);
    for (DestinationUpdate part : UpdateParts.of(update)) {
      send(new ControlMessage.Destination(subscription.id, part));
    }
    if (subscription.sent != null) {
      // A first answer is as old as the view it shares; a change is news.
      sessions.counters().pushedAfter(Duration.ofNanos(System.nanoTime() - view.madeNanos()));
    }
    subscription.sent = view;
  }

  private void send(ControlMessage message) {
    channel.send(message);
    sessions.counters().pushed();
  }

  /** A message was none of the contract's. */
  public void malformed(String what) {
    sessions.counters().malformed();
    fail(Status.INVALID_ARGUMENT, "Malformed", what);
  }

  /** Ends the stream for something the proxy did. */
  private void fail(Status status, String reason, String message) {
    if (!closed) {
      sessions.counters().refused(reason);
      sessions.log(this, reason, message);
      end(status, message);
    }
  }

  /** Ends the stream for a reason of ours; from any thread. */
  void endLater(Duration delay, String message) {
    channel.execute(() -> channel.after(delay, () -> end(Status.UNAVAILABLE, message)));
  }

  private void end(Status status, String message) {
    if (!closed) {
      onClosed();
      channel.end(status, message);
    }
  }

  /** The stream has ended, by whatever cause. May be called repeatedly. */
  public void onClosed() {
    if (closed) {
      return;
    }
    closed = true;
    cancelStall();
    if (deadline != null) {
      deadline.cancel();
    }
    if (expiry != null) {
      expiry.cancel();
    }
    ProxyMessage.Hello greeting = hello;
    if (greeting != null) {
      sessions.discovery().unlisten(greeting.pod(), podListener);
      sessions.discovery().workloads().unlisten(workloadsListener);
    }
    List.copyOf(subscriptions.values()).forEach(this::release);
    subscriptions.clear();
    due.clear();
    changed.clear();
    sessions.ended(this);
  }

  private void cancelStall() {
    if (stall != null) {
      stall.cancel();
      stall = null;
    }
  }
}
