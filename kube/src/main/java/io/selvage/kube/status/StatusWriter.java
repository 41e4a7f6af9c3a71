// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import static java.util.Objects.requireNonNull;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.selvage.kube.StatusSink;
import io.selvage.kube.api.ApiServer;
import io.selvage.model.ObjectStatus;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes statuses and Events while this replica holds the lease. {@link #report} only leaves the
 * newest report behind; one thread of its own compares, writes what differs at a bounded rate,
 * waits out an API server that is away, and starts over with what is newest then.
 */
public final class StatusWriter implements StatusSink {
  private static final Logger log = LoggerFactory.getLogger(StatusWriter.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** Someone else may have changed a status behind our back: compare everything again. */
  private static final Duration RECHECK_EVERY = Duration.ofMinutes(10);

  private final KubernetesClient client;
  private final StatusOptions options;
  private final LeaderLease lease;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("status-writer").factory());
  private final AtomicReference<@Nullable Report> newest = new AtomicReference<>();

  // Confined to the thread.
  private final StatusQueue statuses;
  private final EventQueue events;
  private final RateLimit rate;
  private Optional<Set<String>> addresses = Optional.empty();
  private @Nullable Report current;
  private boolean compared;
  private long nextRecheck;
  private Duration pause = FIRST_PAUSE;

  /** No call before this time ({@link System#nanoTime()}): the API server was away a moment ago. */
  private long notBefore = System.nanoTime();

  /** One wake-up is on its way; more would only multiply. */
  private boolean scheduled;

  private volatile StatusHealth health = new StatusHealth(false, 0, 0, 0, 0);

  /** What a compilation said. */
  record Report(ClusterState state, Collection<ObjectStatus> statuses, List<Problem> problems) {}

  private StatusWriter(ApiServer api, StatusOptions options) {
    this.client = api.client();
    this.options = options;
    this.lease = new LeaderLease(client, options, () -> submit(this::begin));
    this.statuses = new StatusQueue(client, api.kinds(), api.options().namespace());
    this.events = new EventQueue(new EventRecorder(client, options.identity()));
    this.rate = new RateLimit(options.writesPerSecond(), System.nanoTime());
  }

  /** Seeks the lease and writes from then on. Connects lazily. */
  public static StatusWriter start(ApiServer api, StatusOptions options) {
    var writer = new StatusWriter(api, requireNonNull(options, "options"));
    writer.lease.seek();
    if (options.address() instanceof PublishedAddress.OfService) {
      long every = options.addressEvery().toMillis();
      writer.thread.scheduleWithFixedDelay(
          writer::lookForAddress, every, every, TimeUnit.MILLISECONDS);
    }
    return writer;
  }

  @Override
  public void report(ClusterState state, Collection<ObjectStatus> wanted, List<Problem> problems) {
    var report = new Report(state, List.copyOf(wanted), List.copyOf(problems));
    if (newest.getAndSet(report) == null) {
      submit(this::work);
    }
  }

  /** How it fares; from any thread. */
  public StatusHealth health() {
    return health;
  }

  @Override
  public void close() {
    thread.shutdownNow();
    try {
      // Nothing may be written after the lease is given away.
      if (!thread.awaitTermination(options.renewDeadline().toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("a status is still being written");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    lease.close();
    health = new StatusHealth(false, 0, health.written(), health.events(), health.failures());
  }

  // ---- the writer's thread ----

  /** A new term: what an earlier leader wrote is not known. */
  private void begin() {
    compared = false;
    pause = FIRST_PAUSE;
    work();
  }

  private void work() {
    Report taken = newest.getAndSet(null);
    if (taken != null) {
      current = taken;
      statuses.want(taken, addresses);
      events.want(taken);
    }
    long early = notBefore - System.nanoTime();
    if (current == null || !lease.isLeader() || early > 0) {
      if (early > 0) {
        later(Duration.ofNanos(early));
      }
      note();
      return;
    }
    try {
      compareOnce(current);
      writeWhileAllowed();
      pause = FIRST_PAUSE;
    } catch (KubernetesClientException e) {
      log.warn("statuses wait, the API server does not take them: {}", reason(e));
      statuses.failed();
      backOff();
    } catch (RuntimeException e) {
      log.error("writing statuses failed", e);
      backOff();
    }
    note();
  }

  private void compareOnce(Report report) {
    if (compared && System.nanoTime() - nextRecheck < 0) {
      return;
    }
    // A Service that is gone says nothing about where clients connect: the last answer stays.
    addresses = AddressLookup.find(client, options.address()).or(() -> addresses);
    statuses.want(report, addresses);
    statuses.compareAll();
    compared = true;
    nextRecheck = System.nanoTime() + RECHECK_EVERY.toNanos();
  }

  private void writeWhileAllowed() {
    while (lease.isLeader() && newest.get() == null) {
      if (statuses.isEmpty() && events.isEmpty()) {
        return;
      }
      if (!rate.tryTake(System.nanoTime())) {
        later(Duration.ofMillis(Math.max(20, 1000 / options.writesPerSecond())));
        return;
      }
      if (!statuses.isEmpty()) {
        statuses.writeNext();
      } else {
        events.writeNext();
      }
    }
    if (newest.get() != null) {
      submit(this::work);
    }
  }

  private void lookForAddress() {
    if (!lease.isLeader() || current == null) {
      return;
    }
    try {
      var found = AddressLookup.find(client, options.address()).or(() -> addresses);
      if (!found.equals(addresses)) {
        log.info("the published address is now {}", found.map(Object::toString).orElse(""));
        addresses = found;
        statuses.want(current, addresses);
        work();
      }
    } catch (KubernetesClientException e) {
      log.warn("the Service to publish cannot be read: {}", reason(e));
    }
  }

  private void backOff() {
    long millis = pause.toMillis();
    Duration jittered =
        Duration.ofMillis(millis + ThreadLocalRandom.current().nextLong(millis / 2 + 1));
    notBefore = System.nanoTime() + jittered.toNanos();
    later(jittered);
    Duration twice = pause.multipliedBy(2);
    pause = twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
  }

  private void later(Duration delay) {
    if (scheduled) {
      return;
    }
    scheduled = true;
    try {
      thread.schedule(
          () -> {
            scheduled = false;
            work();
          },
          delay.toMillis() + 1,
          TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("closed meanwhile");
    }
  }

  private void submit(Runnable task) {
    try {
      thread.execute(task);
    } catch (RejectedExecutionException e) {
      log.debug("closed meanwhile");
    }
  }

  private void note() {
    health =
        new StatusHealth(
            lease.isLeader(),
            statuses.size() + events.size(),
            statuses.written(),
            events.written(),
            statuses.failures() + events.failures());
  }

  static String reason(KubernetesClientException e) {
    if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
      return "forbidden: " + e.getMessage();
    }
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return e.getCode() > 0 ? "HTTP " + e.getCode() : cause.toString();
  }
}
