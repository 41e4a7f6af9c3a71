// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.MeterRegistry;
import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.link.BundleSource;
import io.selvage.controlplane.link.CertifyService;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.ServerKeys;
import io.selvage.kube.TokenVerifier;
import io.selvage.model.Problem;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.PodRef;
import io.vertx.ext.web.Router;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All of identity for the process: answers Certify, knows the bundle, keeps the control plane's own
 * certificate, watches the storage, rotates. Thread-safe.
 */
public final class IdentityService
    implements CertifyService, BundleSource, ApiRoutes, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(IdentityService.class);

  /** Calls to the API server that wait for an answer at a time. */
  private static final int WORKERS = 16;

  /** Requests that wait for a worker; beyond it they are told to come again. */
  private static final int MAX_WAITING = 5_000;

  /** How soon what may be half written is read again. */
  private static final Duration READ_AGAIN = Duration.ofMillis(300);

  /** How often a rotation and the own certificate are looked at. */
  private static final Duration STEP_EVERY = Duration.ofMillis(250);

  private static final Duration EXCESS_EVERY = Duration.ofMinutes(1);

  private final IdentityOptions options;
  private final IssuerStorage storage;
  private final InstantSource clock;
  private final IssuerStore store;
  private final Rotation rotation;
  private final Certifier certifier;
  private final IdentityEvents events;
  private final Map<PeerLimits.Excess, Instant> excessTold = new ConcurrentHashMap<>();
  private final RotatePermission permission;
  private final PeerLimits peers = new PeerLimits(PeerLimits.Bounds.DEFAULT);
  private final IdentityMetrics metrics;
  private final OwnCertificate own;
  private final ThreadPoolExecutor workers;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("identity").factory());
  private final AtomicBoolean refreshWaits = new AtomicBoolean();
  private volatile @Nullable ProxyFleet fleet;
  private volatile Supplier<Optional<Set<String>>> replicas = () -> Optional.of(Set.of());

  /**
   * @param replica name of this one among those of {@link #among}
   * @param storage closed with this
   * @param tokens says whose tokens are
   * @param events told of everything
   * @param permission says who may act on the rotation by the API
   * @param registry gets the metrics {@code selvage_identity_*}
   */
  public IdentityService(
      String replica,
      IdentityOptions options,
      IssuerStorage storage,
      TokenVerifier tokens,
      IdentityEvents events,
      RotatePermission permission,
      MeterRegistry registry,
      InstantSource clock) {
    this.options = requireNonNull(options, "options");
    this.storage = requireNonNull(storage, "storage");
    this.events = requireNonNull(events, "events");
    this.permission = requireNonNull(permission, "permission");
    this.clock = requireNonNull(clock, "clock");
    this.store = new IssuerStore(options, storage, events);
    this.own = new OwnCertificate(options);
    this.rotation =
        new Rotation(
            options,
            storage,
            store,
            this::proxies,
            () -> push(true),
            new Replicas(
                replica,
                Long.toHexString(ThreadLocalRandom.current().nextLong()),
                options.settle(),
                System::nanoTime,
                () -> replicas.get(),
                storage.board()),
            System::nanoTime);
    this.metrics = new IdentityMetrics(registry);
    metrics.observe(store, rotation, clock);
    this.certifier =
        new Certifier(options, store::trust, tokens, events, metrics, clock, System::nanoTime);
    this.workers =
        new ThreadPoolExecutor(
            WORKERS,
            WORKERS,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_WAITING),
            Thread.ofPlatform().daemon().name("certify-", 0).factory());
    workers.allowCoreThreadTimeOut(true);
    store.listen((before, now) -> {
      own.refresh(now, clock.instant());
      if (before != null) {
        boolean otherRoot = !before.issuer().anchor().equals(now.issuer().anchor());
        // During a rotation the proxies are asked when the leaves can be told apart.
        push(otherRoot && !rotation.phase().isActive());
      }
    });
  }

  /**
   * Reads issuer and anchors for the first time, which blocks, and watches them from then on. What
   * is wrong with them is in {@link #problems()}.
   */
  public void start() {
    run(() -> {
      refresh();
      return null;
    });
    storage.watch(this::refreshSoon);
    thread.scheduleWithFixedDelay(
        guarded(this::refresh),
        options.pollEvery().toMillis(),
        options.pollEvery().toMillis(),
        TimeUnit.MILLISECONDS);
    thread.scheduleWithFixedDelay(
        guarded(this::step), STEP_EVERY.toMillis(), STEP_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Where changes are pushed to, and whom a rotation waits for. */
  public void connect(ProxyFleet newFleet) {
    fleet = requireNonNull(newFleet, "newFleet");
  }

  /**
   * Which replicas there are, as far as that is known; without this there is none but this one.
   *
   * @param running names, with or without this one; empty while it is not known
   */
  public void among(Supplier<Optional<Set<String>>> running) {
    replicas = running;
  }

  /** Whether certificates can be issued. */
  public boolean isReady() {
    Trust trust = store.trust();
    return trust != null && !clock.instant().isAfter(trust.issuer().notAfter());
  }

  /** What is wrong with the issuer or the anchors. */
  public List<Problem> problems() {
    return store.problem().stream().toList();
  }

  /** What the control plane serves with now; empty until there is an issuer. */
  public Optional<ServerKeys> serverKeys() {
    return Optional.ofNullable(own.keys());
  }

  @Override
  public CompletionStage<Certify.Response> certify(Certify.Request request, String peer) {
    Optional<PeerLimits.Excess> excess = peers.enter(peer, System.nanoTime());
    if (excess.isPresent()) {
      metrics.refused(excess.get().reason());
      tell(excess.get(), peer);
      return CompletableFuture.failedFuture(
          new RpcException(
              RpcException.Status.RESOURCE_EXHAUSTED,
              peer + " " + excess.get().text() + " (" + excess.get().reason() + ")"));
    }
    var answer = new CompletableFuture<Certify.Response>();
    try {
      workers.execute(() -> {
        boolean good = true;
        try {
          switch (certifier.certify(request)) {
            case CertifyOutcome.Issued(Certify.Response response) -> answer.complete(response);
            case CertifyOutcome.Refused refused -> {
              good = !refused.isOfAStranger();
              log.info(
                  "{} gets no certificate: {} ({})", peer, refused.message(), refused.reason());
              answer.completeExceptionally(rpc(refused));
            }
          }
        } catch (RuntimeException e) {
          log.error("a request for a certificate failed by a fault of ours", e);
          answer.completeExceptionally(e);
        } finally {
          peers.leave(peer, good);
        }
      });
    } catch (RejectedExecutionException e) {
      peers.leave(peer, true);
      answer.completeExceptionally(
          new RpcException(
              RpcException.Status.UNAVAILABLE, "too many requests for certificates at once"));
    }
    return answer;
  }

  /** There may be very many: each is counted, and one a minute of each kind is told. */
  private void tell(PeerLimits.Excess excess, String peer) {
    Instant now = clock.instant();
    Instant last = excessTold.get(excess);
    if (last != null && now.isBefore(last.plus(EXCESS_EVERY))) {
      return;
    }
    boolean ours =
        last == null
            ? excessTold.putIfAbsent(excess, now) == null
            : excessTold.replace(excess, last, now);
    if (ours) {
      log.warn("{} {} ({})", peer, excess.text(), excess.reason());
      events.refused(Optional.empty(), PodRef.NONE, excess.reason(), peer + " " + excess.text());
    }
  }

  private static RpcException rpc(CertifyOutcome.Refused refused) {
    return new RpcException(
        RpcException.Status.valueOf(refused.code().name()),
        refused.message() + " (" + refused.reason() + ")");
  }

  /**
   * Whom to believe now.
   *
   * @throws RpcException UNAVAILABLE before there is an issuer
   */
  @Override
  public ControlMessage.Bundle current() {
    Trust trust = store.trust();
    if (trust == null) {
      throw new RpcException(RpcException.Status.UNAVAILABLE, "the issuer is not ready yet");
    }
    return new ControlMessage.Bundle(
        trust.bundle().pem(), trust.bundle().fingerprint(), false, trust.revision());
  }

  @Override
  public void mount(Router router) {
    new IdentityApi(this, permission).mount(router);
  }

  IdentityOptions options() {
    return options;
  }

  IssuerStore store() {
    return store;
  }

  Rotation rotation() {
    return rotation;
  }

  Instant now() {
    return clock.instant();
  }

  /** Those connected now. */
  List<ConnectedProxy> proxies() {
    ProxyFleet current = fleet;
    return current == null ? List.of() : current.proxies();
  }

  /**
   * Does something with the rotation on the thread it is confined to; blocks.
   *
   * @throws Rotation.RefusedException if that is what it threw
   */
  void rotate(RotationStep step) throws Rotation.RefusedException {
    Optional<Rotation.RefusedException> refused =
        run(() -> {
          try {
            step.apply(rotation, clock.instant());
            return Optional.empty();
          } catch (Rotation.RefusedException e) {
            return Optional.of(e);
          }
        });
    if (refused.isPresent()) {
      throw refused.get();
    }
  }

  /** Something to do with the rotation. */
  @FunctionalInterface
  interface RotationStep {
    void apply(Rotation rotation, Instant now) throws Rotation.RefusedException;
  }

  private <T extends @Nullable Object> T run(Callable<T> task) {
    try {
      return thread.submit(task).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a fault of ours", e.getCause());
    }
  }

  private static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        // A scheduled task that throws would never run again.
        log.error("a fault of ours", e);
      }
    };
  }

  private void refreshSoon() {
    if (refreshWaits.compareAndSet(false, true)) {
      try {
        thread.schedule(guarded(this::refresh), 20, TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException e) {
        log.debug("closed");
      }
    }
  }

  private void refresh() {
    refreshWaits.set(false);
    if (store.refresh(clock.instant())) {
      thread.schedule(guarded(this::refresh), READ_AGAIN.toMillis(), TimeUnit.MILLISECONDS);
    }
    step();
  }

  private void step() {
    Instant now = clock.instant();
    rotation.step(now);
    Trust trust = store.trust();
    if (trust != null) {
      own.refresh(trust, now);
    }
  }

  private void push(boolean renew) {
    ProxyFleet current = fleet;
    if (current != null) {
      current.bundleChanged(renew);
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
    workers.shutdownNow();
    storage.close();
  }
}
