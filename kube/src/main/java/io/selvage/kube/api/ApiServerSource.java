// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static java.util.Objects.requireNonNull;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateListener;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.ClusterStateStore;
import io.selvage.kube.KindSelection;
import io.selvage.kube.SourceHealth;
import io.selvage.kube.api.ObjectConversion.Converted;
import io.selvage.model.Problem;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The selected kinds, watched at the API server. Nothing is published before each kind that is
 * served was listed once, however long that takes; afterwards a server that is away, expires a
 * watch or answers nonsense changes nothing but {@link #health()}.
 *
 * <p>Informers convert on their own threads and queue; one thread applies the queue and calls the
 * listener, so that a burst of events becomes one change. Another looks for custom resources.
 */
final class ApiServerSource implements ClusterStateSource, KindWatch.Sink {
  private static final Logger log = LoggerFactory.getLogger(ApiServerSource.class);
  private static final Duration HEALTH_EVERY = Duration.ofMillis(500);

  /** A watch that is only being made again is not worth an alarm. */
  private static final Duration GRACE = Duration.ofSeconds(1);

  /**
   * A watch that is down for longer than its own longest pause is replaced: the client library
   * keeps asking with an expired version where a reconnect itself is answered by 410, and may take
   * an answer that makes no sense for a watch that ended well.
   */
  private static final Duration STUCK_AFTER = Duration.ofSeconds(7);

  /**
   * The most of it before a first list is complete. Many objects take long, and a watch that is
   * replaced meanwhile begins from nothing: each one is waited for twice as long as the one before.
   */
  private static final Duration LIST_WITHIN = Duration.ofMinutes(4);

  private final KubernetesClient client;
  private final ApiServerOptions options;
  private final ServedKinds served;
  private final KindSelection selection;
  private final ScheduledExecutorService writer = thread("api-source");
  private final ScheduledExecutorService discovery = thread("api-discovery");

  private final Map<Kind<?>, KindWatch> watches = new ConcurrentHashMap<>();
  private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean draining = new AtomicBoolean();

  // Confined to the writer's thread.
  private final ClusterStateStore store = new ClusterStateStore();
  private final Map<ObjectRef, List<Problem>> problems = new HashMap<>();
  private final Set<Kind<?>> awaited = new HashSet<>();
  private boolean problemsChanged;
  private boolean discovered;
  private boolean synced;
  private long reconnects;

  private volatile @Nullable ClusterStateListener listener;
  private volatile boolean closed;
  private volatile SourceHealth health =
      new SourceHealth(false, false, "not connected yet", Instant.now(), 0);

  ApiServerSource(
      KubernetesClient client,
      ApiServerOptions options,
      ServedKinds served,
      KindSelection selection) {
    this.client = client;
    this.selection = selection;
    this.options = options;
    this.served = served;
  }

  @Override
  public synchronized void start(ClusterStateListener to) {
    requireNonNull(to, "listener");
    if (listener != null || closed) {
      throw new IllegalStateException("an API-server source starts once");
    }
    listener = to;
    discovery.execute(this::discover);
    long every = HEALTH_EVERY.toMillis();
    writer.scheduleWithFixedDelay(this::lookAtHealth, every, every, TimeUnit.MILLISECONDS);
  }

  @Override
  public SourceHealth health() {
    return health;
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    discovery.shutdownNow();
    watches.values().forEach(KindWatch::close);
    writer.shutdownNow();
    try {
      // A listener that is running now may finish; none is called after this.
      if (!writer.awaitTermination(5, TimeUnit.SECONDS)) {
        log.warn("the listener has not returned");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- discovery: which kinds are there? ----

  /** Starts a watch for each kind that is served and has none; comes back while some have none. */
  private void discover() {
    boolean all = true;
    try {
      served.awaitReady();
      for (KindSelection.Entry entry : wanted()) {
        if (!watches.containsKey(entry.kind())) {
          all &= watchIfServed(entry);
        }
      }
      enqueue(() -> {
        if (!discovered) {
          discovered = true;
          log.info("reading {} kinds from {}", watches.size(), client.getMasterUrl());
        }
      });
    } catch (KubernetesClientException e) {
      all = false;
      log.warn("the API server cannot be asked for its kinds, trying again: {}", reason(e));
      String detail = "discovery: " + reason(e);
      enqueue(() -> setHealth(false, detail));
    } catch (RuntimeException | Error e) {
      // An executor would swallow it, and nobody would look for kinds again.
      all = false;
      log.error("discovery failed, trying again", e);
      enqueue(() -> setHealth(false, "discovery: " + e));
    }
    if (!all && !closed) {
      long pause = options.discoverEvery().toMillis();
      long jittered = pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1);
      schedule(jittered);
    }
  }

  private void schedule(long millis) {
    try {
      discovery.schedule(this::discover, millis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("closed meanwhile");
    }
  }

  private List<KindSelection.Entry> wanted() {
    return selection
        .entries()
        .filter(e -> e.kind().namespaced() || options.namespace().isEmpty())
        .toList();
  }

  private boolean watchIfServed(KindSelection.Entry entry) {
    Kind<? extends KubeObject> kind = entry.kind();
    var where = served.find(kind);
    if (where.isEmpty()) {
      log.debug("{} of {} are not installed", kind.plural(), kind.group());
      return false;
    }
    enqueue(() -> awaited.add(kind)); // before its first event
    watches.put(
        kind,
        KindWatch.start(client, where.get(), entry, options.namespace(), false, STUCK_AFTER, this));
    return true;
  }

  private void replace(KindSelection.Entry entry) {
    Kind<? extends KubeObject> kind = entry.kind();
    var where = served.known(kind);
    if (where.isEmpty() || closed) {
      return;
    }
    KindWatch old = watches.get(kind);
    Duration within = STUCK_AFTER;
    if (old != null && !old.hasListed()) {
      Duration twice = old.listWithin().multipliedBy(2);
      within = twice.compareTo(LIST_WITHIN) < 0 ? twice : LIST_WITHIN;
    }
    log.debug("a new watch for {}, to list within {}", kind.plural(), within);
    watches.put(
        kind, KindWatch.start(client, where.get(), entry, options.namespace(), true, within, this));
    if (old != null) {
      old.close();
    }
  }

  // ---- events, from the informers' threads ----

  @Override
  public void found(Converted object) {
    enqueue(() -> apply(object));
  }

  @Override
  public void gone(ObjectRef ref) {
    enqueue(() -> {
      store.remove(ref);
      problemsChanged |= problems.remove(ref) != null;
    });
  }

  @Override
  public void listed(Kind<?> kind, @Nullable Set<ObjectRef> all) {
    enqueue(() -> {
      awaited.remove(kind);
      if (all != null) {
        forgetOthers(kind, all);
      }
    });
  }

  /** What a replaced watch did not hear of: objects deleted meanwhile. */
  private void forgetOthers(Kind<?> kind, Set<ObjectRef> all) {
    for (KubeObject object : store.current().all(kind)) {
      if (!all.contains(object.ref())) {
        store.remove(object.ref());
      }
    }
    problemsChanged |=
        problems.keySet().removeIf(ref -> ref.kind().equals(kind.name()) && !all.contains(ref));
  }

  private void enqueue(Runnable event) {
    queue.add(event);
    if (draining.compareAndSet(false, true)) {
      try {
        writer.execute(this::drain);
      } catch (RejectedExecutionException e) {
        log.debug("closed meanwhile");
      }
    }
  }

  // ---- the writer's thread ----

  private void drain() {
    draining.set(false); // before the queue is read: an event that comes later wakes us again
    for (Runnable event = queue.poll(); event != null; event = queue.poll()) {
      event.run();
    }
    if (!synced && (!discovered || !awaited.isEmpty())) {
      return;
    }
    if (problemsChanged) {
      store.problems(problems.values().stream().flatMap(List::stream).toList());
      problemsChanged = false;
    }
    List<ClusterChange> changes = store.commit();
    if (!synced) {
      synced = true;
      lookAtHealth();
    }
    changes.forEach(this::tell);
  }

  private void apply(Converted converted) {
    KubeObject object = converted.object();
    List<Problem> now = converted.problems();
    if (object != null) {
      store.put(object, null);
    } else if (store.current().find(converted.ref()).isPresent()) {
      now = now.stream().map(ApiServerSource::staysLive).toList();
    }
    List<Problem> before =
        now.isEmpty() ? problems.remove(converted.ref()) : problems.put(converted.ref(), now);
    problemsChanged |= !now.equals(before == null ? List.of() : before);
  }

  private static Problem staysLive(Problem p) {
    return new Problem(
        p.severity(),
        p.object(),
        p.location(),
        p.field(),
        p.reason(),
        p.message() + "; the version before stays live");
  }

  private void tell(ClusterChange change) {
    ClusterStateListener to = listener;
    if (to == null || closed) {
      return;
    }
    try {
      to.onChange(change);
    } catch (RuntimeException e) {
      log.error("a listener failed on {}", change.getClass().getSimpleName(), e);
    }
  }

  private void lookAtHealth() {
    var down = new ArrayList<String>();
    for (KindWatch watch : watches.values()) {
      boolean watching = watch.isWatching();
      Duration patience = watch.hasListed() ? STUCK_AFTER : watch.listWithin();
      boolean stuck = !watching && watch.idleFor().compareTo(patience) > 0;
      if (stuck || watch.hasListed() && watch.silentFor().compareTo(options.silentAfter()) > 0) {
        replace(watch.entry());
      }
      if (!watching && watch.idleFor().compareTo(GRACE) > 0) {
        String trouble = watch.trouble();
        down.add(watch.entry().kind().plural() + (trouble.isEmpty() ? "" : " (" + trouble + ")"));
      }
    }
    if (watches.isEmpty()) {
      return; // discovery says what is wrong
    }
    down.sort(null);
    setHealth(down.isEmpty(), down.isEmpty() ? "" : "not watched: " + String.join(", ", down));
  }

  private void setHealth(boolean connected, String detail) {
    SourceHealth before = health;
    if (before.synced() == synced
        && before.connected() == connected
        && before.detail().equals(detail)) {
      return;
    }
    boolean turned = before.connected() != connected;
    if (turned && before.synced() && connected) {
      reconnects++;
      log.info("the API server is watched again");
    } else if (turned && before.synced()) {
      log.warn("the API server is not fully watched, the last state stays: {}", detail);
    }
    health =
        new SourceHealth(
            synced, connected, detail, turned ? Instant.now() : before.since(), reconnects);
  }

  private static String reason(KubernetesClientException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return e.getCode() > 0 ? "HTTP " + e.getCode() : cause.toString();
  }

  private static ScheduledExecutorService thread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name(name).factory());
  }
}
