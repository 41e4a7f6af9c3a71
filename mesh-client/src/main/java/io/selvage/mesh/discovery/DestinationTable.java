// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;
import io.selvage.mesh.discovery.Destination.Answer;
import io.selvage.mesh.link.ControlStream;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.ProtocolHint;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.routing.EndpointSet;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Destinations by address. Reading is for any thread; everything else happens on the control
 * stream's event loop.
 */
public final class DestinationTable implements Destinations {
  private static final Logger LOG = LoggerFactory.getLogger(DestinationTable.class);

  /**
   * A destination nobody uses is not kept up to date any more after this time, if the control plane
   * is there. What was said of it last is kept, for when it is gone.
   */
  static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(10);

  /** The way to the control plane, for tests. */
  public interface Line {
    boolean isConnected();

    /** Whether the stream may be open within {@link #PATIENCE_MILLIS}. */
    boolean isHopeful();

    void send(ProxyMessage message);

    /** The line that a stream is. */
    static Line of(ControlStream stream) {
      return new Line() {
        @Override
        public boolean isConnected() {
          return stream.isConnected();
        }

        @Override
        public boolean isHopeful() {
          return stream.isHopeful();
        }

        @Override
        public void send(ProxyMessage message) {
          stream.send(message);
        }
      };
    }
  }

  private final EventLoop loop;
  private final LongSupplier nanoTime;
  private final int max;
  private final long answerMillis;
  private final Map<InetSocketAddress, Entry> entries = new ConcurrentHashMap<>();

  private final List<Runnable> fullListeners = new CopyOnWriteArrayList<>();

  // On the loop only.
  private final Map<Long, Entry> byId = new HashMap<>();
  private @Nullable Line line;
  private long nextId = 1;

  /** With the limit of {@link #MAX_DESTINATIONS}. */
  public DestinationTable(EventLoop loop) {
    this(loop, System::nanoTime, MAX_DESTINATIONS, ANSWER_MILLIS);
  }

  DestinationTable(EventLoop loop, LongSupplier nanoTime, int max, long answerMillis) {
    this.loop = loop;
    this.nanoTime = nanoTime;
    this.max = max;
    this.answerMillis = answerMillis;
  }

  /** Sets the way to the control plane; before anything else. */
  public void use(Line newLine) {
    line = newLine;
  }

  private static final class Entry {
    final Destination destination;

    /** Of the subscription; another one after a rest. */
    long id;

    /** Whether it is not subscribed to: what was said last is used only for lack of an answer. */
    boolean resting;

    /** Endpoints in the order they came in; published when an update is complete. */
    final Map<DestinationUpdate.Address, DestinationUpdate.Endpoint> endpoints =
        new LinkedHashMap<>();

    final List<Promise<Destination>> waiting = new ArrayList<>(1);
    @Nullable ScheduledFuture<?> patience;

    /** What was said before a rest and could not be used while an answer was late. */
    Destination.@Nullable State remembered;

    /** Whether the stream that is open now has sent a reset. */
    boolean current;

    /** Whether connections may go on, with an answer or for the lack of one. */
    volatile boolean settled;

    Entry(Destination destination) {
      this.destination = destination;
    }
  }

  // ---- From any thread

  @Override
  public @Nullable Destination known(InetSocketAddress address) {
    Entry entry = entries.get(address);
    if (entry == null || !entry.settled) {
      return null;
    }
    entry.destination.touch();
    return entry.destination;
  }

  @Override
  public Future<Destination> find(InetSocketAddress address, EventLoop on) {
    Destination known = known(address);
    if (known != null) {
      return on.newSucceededFuture(known);
    }
    Promise<Destination> promise = on.newPromise();
    if (loop.inEventLoop()) {
      ask(address, promise);
    } else {
      loop.execute(() -> ask(address, promise));
    }
    return promise;
  }

  @Override
  public void onFull(Runnable action) {
    fullListeners.add(action);
  }

  /** Number of destinations known or asked for, those at rest included. */
  public int size() {
    return entries.size();
  }

  // ---- On the loop

  private void ask(InetSocketAddress address, Promise<Destination> promise) {
    Entry entry = entries.get(address);
    if (entry == null) {
      if (entries.size() >= max && !makeRoom()) {
        Answer why = isConnected() ? Answer.NO_ROOM : Answer.AWAY;
        promise.trySuccess(new Destination(address, unanswered(address, why), nanoTime));
        return;
      }
      entry = new Entry(new Destination(address, unanswered(address, Answer.AWAY), nanoTime));
      entries.put(address, entry);
      subscribe(entry);
    } else if (entry.resting) {
      entry.destination.touch();
      subscribe(entry);
    }
    if (entry.settled) {
      promise.trySuccess(entry.destination);
      return;
    }
    entry.waiting.add(promise);
    if (entry.patience == null) {
      await(entry);
    }
  }

  private void subscribe(Entry entry) {
    entry.resting = false;
    entry.id = nextId++;
    byId.put(entry.id, entry);
    Line to = line;
    if (to != null && to.isConnected()) {
      to.send(subscription(entry));
    }
  }

  private boolean isConnected() {
    Line to = line;
    return to != null && to.isConnected();
  }

  /** Whoever waits is let go when it is clear that no answer comes, or takes too long. */
  private void await(Entry entry) {
    Line to = line;
    if (to == null || !to.isHopeful()) {
      settle(entry, Answer.AWAY);
    } else if (to.isConnected()) {
      entry.patience =
          loop.schedule(
              () -> settle(entry, Answer.LATE),
              patience(entry, answerMillis),
              TimeUnit.MILLISECONDS);
    } else {
      entry.patience =
          loop.schedule(
              () -> settle(entry, Answer.AWAY),
              patience(entry, PATIENCE_MILLIS),
              TimeUnit.MILLISECONDS);
    }
  }

  private static long patience(Entry entry, long millis) {
    return isSafeThoughOld(entry) ? Math.min(REFRESH_MILLIS, millis) : millis;
  }

  /**
   * Whether what was said before a rest can be used while the control plane is there and slow:
   * every endpoint proves who it is. An address without an identity may be a meshed pod's by now.
   */
  private static boolean isSafeThoughOld(Entry entry) {
    Destination.State old = entry.destination.state();
    return old.answered()
        && !old.details().isEmpty()
        && old.details().stream().noneMatch(endpoint -> endpoint.identity().isEmpty());
  }

  private static ProxyMessage subscription(Entry entry) {
    InetSocketAddress address = entry.destination.address();
    return new ProxyMessage.Subscribe(
        entry.id, NetUtil.toAddressString(address.getAddress()), address.getPort());
  }

  /** Whoever waits goes on without an answer: with what was said before a rest, if anything was. */
  private static void settle(Entry entry, Answer why) {
    Destination.State old = entry.destination.state();
    if (why == Answer.AWAY && !old.answered() && entry.remembered != null) {
      entry.destination.update(entry.remembered);
      old = entry.remembered;
    }
    if (why == Answer.AWAY ? old.answered() : isSafeThoughOld(entry)) {
      release(entry);
      return;
    }
    if (old.answered()) {
      entry.remembered = old;
    }
    if (why == Answer.LATE) {
      LOG.atWarn()
          .addKeyValue("destination", entry.destination.address())
          .log(
              "the control plane has not said in time what this stands for; connections are refused"
                  + " until it does");
    }
    if (entry.destination.state().answer() != why) {
      entry.destination.update(unanswered(entry.destination.address(), why));
    }
    release(entry);
  }

  /** Whoever waits goes on with what is known now. */
  private static void release(Entry entry) {
    stopWaiting(entry);
    entry.settled = true;
    entry.waiting.forEach(promise -> promise.trySuccess(entry.destination));
    entry.waiting.clear();
  }

  private static void stopWaiting(Entry entry) {
    if (entry.patience != null) {
      entry.patience.cancel(false);
      entry.patience = null;
    }
  }

  /**
   * The stream is open: everything is asked for again, and stays in use until the answer. What was
   * not answered before is not used any more without an answer.
   */
  public void onConnected() {
    Line to = line;
    if (to == null) {
      return;
    }
    for (Entry entry : byId.values()) {
      entry.current = false;
      to.send(subscription(entry));
      waitAgain(entry);
    }
  }

  /** The stream has ended: nobody is kept waiting for an answer that may take long. */
  public void onDisconnected() {
    for (Entry entry : List.copyOf(byId.values())) {
      entry.current = false;
      waitAgain(entry);
    }
  }

  private void waitAgain(Entry entry) {
    if (entry.settled && entry.destination.state().answered()) {
      return;
    }
    entry.settled = false;
    stopWaiting(entry);
    if (!entry.waiting.isEmpty()) {
      await(entry);
    }
  }

  /** Applies what the control plane says. */
  public void apply(long id, DestinationUpdate update) {
    Entry entry = byId.get(id);
    if (entry == null) {
      return; // unsubscribed meanwhile
    }
    if (!entry.current && !update.reset()) {
      LOG.atWarn()
          .addKeyValue("destination", entry.destination.address())
          .log("the control plane sent a difference to nothing; it is ignored");
      return;
    }
    entry.current = true;
    if (update.reset()) {
      entry.endpoints.clear();
    }
    update.removed().forEach(entry.endpoints::remove);
    for (DestinationUpdate.Endpoint endpoint : update.upserts()) {
      if (NetUtil.createByteArrayFromIpAddressString(endpoint.address()) == null) {
        LOG.atWarn()
            .addKeyValue("destination", entry.destination.address())
            .log("the control plane named an endpoint whose address is none");
        continue;
      }
      entry.endpoints.put(
          new DestinationUpdate.Address(endpoint.address(), endpoint.port()), endpoint);
    }
    if (update.more()) {
      return; // what there is so far would be taken for all there is
    }
    entry.remembered = null;
    entry.destination.update(state(entry, update));
    release(entry);
  }

  private static Destination.State state(Entry entry, DestinationUpdate update) {
    List<DestinationUpdate.Endpoint> details = List.copyOf(entry.endpoints.values());
    List<EndpointSet.Endpoint> endpoints = new ArrayList<>(details.size());
    for (DestinationUpdate.Endpoint one : details) {
      endpoints.add(
          new EndpointSet.Endpoint(
              one.address(), one.port(), "", "", one.draining(), one.identity()));
    }
    return new Destination.State(
        Answer.GIVEN,
        update.kind(),
        update.service(),
        hint(update, details),
        new EndpointSet(key(entry.destination.address()), endpoints),
        details);
  }

  /** What is refused has no endpoint that anybody could send to by mistake. */
  private static Destination.State unanswered(InetSocketAddress address, Answer why) {
    return new Destination.State(
        why,
        why == Answer.AWAY ? DestinationUpdate.Kind.FORWARD : DestinationUpdate.Kind.ENDPOINT,
        DestinationUpdate.ServiceRef.NONE,
        ProtocolHint.DETECT,
        EndpointSet.empty(key(address)),
        List.of());
  }

  /**
   * What connections are treated as before an endpoint is chosen: opaque as soon as one of them is,
   * because what is not parsed by mistake can be carried to any of them.
   */
  private static ProtocolHint hint(
      DestinationUpdate update, List<DestinationUpdate.Endpoint> details) {
    boolean opaque = details.stream().anyMatch(one -> one.hint() == ProtocolHint.OPAQUE);
    return opaque ? ProtocolHint.OPAQUE : update.hint();
  }

  private static String key(InetSocketAddress address) {
    return NetUtil.toSocketAddressString(address);
  }

  /**
   * Lets what has been out of use for long rest; only while it could be asked for again. What lies
   * outside the mesh is forgotten instead: not knowing it comes to the same.
   */
  public void restIdle() {
    if (!isConnected()) {
      return;
    }
    long now = nanoTime.getAsLong();
    for (Entry entry : List.copyOf(byId.values())) {
      if (isIdle(entry) && now - entry.destination.usedNanos() >= IDLE_NANOS) {
        if (isWorthKeeping(entry)) {
          unsubscribe(entry);
          entry.settled = false;
          entry.resting = true;
        } else {
          forget(entry);
        }
      }
    }
    for (Entry entry : entries.values()) {
      if (entry.resting && entry.destination.isUsed()) {
        subscribe(entry); // taken into use just when it went to rest
      }
    }
  }

  /** Whether its connections would be treated otherwise, and worse, if nothing were known. */
  private static boolean isWorthKeeping(Entry entry) {
    Destination.State state = entry.destination.state();
    return state.answered() && state.kind() != DestinationUpdate.Kind.FORWARD;
  }

  private static boolean isIdle(Entry entry) {
    return entry.waiting.isEmpty() && !entry.destination.isUsed();
  }

  /** Makes room for one; false if all are in use. */
  private boolean makeRoom() {
    if (forgetLongest()) {
      return true;
    }
    fullListeners.forEach(Runnable::run);
    return forgetLongest();
  }

  /**
   * Forgets the one that has been out of use longest, and of what is worth keeping none while there
   * is anything else. While the control plane is away nothing that is known makes room for what is
   * not.
   */
  private boolean forgetLongest() {
    boolean connected = isConnected();
    Entry longest = null;
    for (Entry entry : entries.values()) {
      if (isIdle(entry)
          && (connected || !entry.destination.state().answered())
          && (longest == null || goesBefore(entry, longest))) {
        longest = entry;
      }
    }
    if (longest == null) {
      return false;
    }
    forget(longest);
    return true;
  }

  private static boolean goesBefore(Entry one, Entry other) {
    boolean keep = isWorthKeeping(one);
    return keep == isWorthKeeping(other)
        ? one.destination.usedNanos() - other.destination.usedNanos() < 0
        : !keep;
  }

  private void forget(Entry entry) {
    entries.remove(entry.destination.address());
    if (!entry.resting) {
      unsubscribe(entry);
    }
  }

  private void unsubscribe(Entry entry) {
    byId.remove(entry.id);
    entry.current = false;
    Line to = line;
    if (to != null && to.isConnected()) {
      to.send(new ProxyMessage.Unsubscribe(entry.id));
    }
  }
}
