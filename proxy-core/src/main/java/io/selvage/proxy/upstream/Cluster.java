// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static java.util.Objects.requireNonNull;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.RouteAction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A cluster at work: its endpoints with their state, the balancer, the circuit breakers and the
 * retry budget. Lives as long as its {@link ClusterSpec} stays equal, over any number of snapshots
 * and endpoint sets.
 *
 * <p>{@link #pick} is called by several event loops at once and never locks. Everything that
 * changes who may be picked happens under one lock and ends with one volatile write of new {@link
 * Targets}.
 */
public final class Cluster {
  /** The hash of a request without affinity: hashing balancers pick at random. */
  public static final long NO_HASH = 0;

  /** A probe that has not been heard of for this long is given up and another request may try. */
  private static final long PROBE_PATIENCE_NANOS = 10_000_000_000L;

  private static final Endpoint[] NONE = {};

  private final ClusterSpec spec;
  private final LongSupplier nanoClock;
  private final IntUnaryOperator random;
  private final CircuitBreakers defaultBreakers;
  private final CircuitBreakers highBreakers;
  private final RetryBudget retryBudget;
  private final ReentrantLock lock = new ReentrantLock();
  private final List<Consumer<Endpoint>> removalListeners = new ArrayList<>();
  private final AtomicLong ejectionCount = new AtomicLong();
  private Map<String, Endpoint> byAddress = new HashMap<>();
  private volatile Targets targets;
  private volatile boolean retired;

  Cluster(ClusterSpec spec, int loops, LongSupplier nanoClock, IntUnaryOperator random) {
    this.spec = requireNonNull(spec, "spec");
    this.nanoClock = nanoClock;
    this.random = random;
    this.defaultBreakers = new CircuitBreakers(spec.defaultBreakers());
    this.highBreakers = new CircuitBreakers(spec.highBreakers());
    this.retryBudget =
        new RetryBudget(RetryBudget.DEFAULT_RATIO, RetryBudget.DEFAULT_MIN_PER_SECOND, nanoClock);
    this.targets =
        new Targets(NONE, NONE, NONE, NONE, true, LoadBalancers.create(spec, loops, random));
  }

  /**
   * A cluster without endpoints yet.
   *
   * @param loops number of event loops that will pick, at least 1
   */
  public static Cluster create(ClusterSpec spec, int loops) {
    return new Cluster(
        spec, loops, System::nanoTime, bound -> ThreadLocalRandom.current().nextInt(bound));
  }

  public ClusterSpec spec() {
    return spec;
  }

  /** Limits counted for requests of this priority. */
  public CircuitBreakers breakers(RouteAction.Priority priority) {
    return priority == RouteAction.Priority.HIGH ? highBreakers : defaultBreakers;
  }

  public RetryBudget retryBudget() {
    return retryBudget;
  }

  /** {@link #pick(long, int, Endpoint)} for a first attempt. */
  public @Nullable Endpoint pick(long hash, int loopIndex) {
    return pick(hash, loopIndex, null);
  }

  /**
   * The endpoint for one attempt.
   *
   * @param hash what the route's affinity made of the request; {@link #NO_HASH} = none
   * @param loopIndex number of the calling event loop, from 0; only spreads contention
   * @param avoid the endpoint that has just failed: another one is taken where there is one
   * @return null if the cluster has no endpoint at all
   */
  public @Nullable Endpoint pick(long hash, int loopIndex, @Nullable Endpoint avoid) {
    Targets now = targets;
    if (now.available.length == 0) {
      return null;
    }
    if (now.ejected.length > 0) {
      Endpoint probe = dueProbe(now);
      if (probe != null && probe != avoid) {
        return probe;
      }
    }
    return now.balancer.pick(now, hash, loopIndex, avoid);
  }

  /** Every endpoint of the set, draining and ejected ones included, in the set's order. */
  public List<Endpoint> endpoints() {
    return List.of(targets.all);
  }

  /** How many endpoints may be picked at the moment. */
  public int availableCount() {
    return targets.available.length;
  }

  /** Nobody names the cluster any more: connections made from now on are not kept. */
  public void retire() {
    retired = true;
  }

  public boolean isRetired() {
    return retired;
  }

  /** Whether there is another endpoint to try after {@code failed}, ejected by now or not. */
  public boolean hasOther(Endpoint failed) {
    for (Endpoint endpoint : targets.available) {
      if (endpoint != failed) {
        return true;
      }
    }
    return false;
  }

  /** Times an endpoint was ejected since the cluster was made. */
  public long ejectionCount() {
    return ejectionCount.get();
  }

  /** Is told about endpoints that leave the set, on the thread that delivers the new set. */
  public void onRemoval(Consumer<Endpoint> listener) {
    lock.lock();
    try {
      removalListeners.add(listener);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Replaces the endpoints. Those whose address, port and identity stay keep their state. Not for
   * event loops: consistent-hash tables are rebuilt here, under the lock that a loop may wait for
   * whose endpoint fails. The rest takes time by the number of endpoints.
   */
  @SuppressWarnings("ReferenceEquality") // the same address may be another endpoint
  public void updateEndpoints(EndpointSet set) {
    lock.lock();
    try {
      var next = new LinkedHashMap<String, Endpoint>();
      for (EndpointSet.Endpoint wanted : set.endpoints()) {
        String key = wanted.address() + ' ' + wanted.port();
        if (next.containsKey(key)) {
          continue;
        }
        Endpoint known = byAddress.get(key);
        // Under another identity it is somebody else: connections to the former must not serve.
        if (known == null || !known.spec().identity().equals(wanted.identity())) {
          known = newEndpoint(wanted);
        } else {
          known.update(wanted);
        }
        next.put(key, known);
      }
      var gone = new ArrayList<Endpoint>();
      byAddress.forEach((key, endpoint) -> {
        if (next.get(key) != endpoint) {
          gone.add(endpoint);
        }
      });
      byAddress = next;
      publish(true);
      for (Endpoint endpoint : gone) {
        endpoint.markRemoved();
        removalListeners.forEach(listener -> listener.accept(endpoint));
      }
    } finally {
      lock.unlock();
    }
  }

  /** The verdict of an active check. */
  void setPassing(Endpoint endpoint, boolean passing) {
    lock.lock();
    try {
      if (endpoint.health.setPassing(passing)) {
        publish(false);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Failure number {@code consecutive} in a row of an endpoint in service. */
  void onFailure(Endpoint endpoint, int consecutive) {
    if (spec.accrual().isEmpty() || consecutive < spec.accrual().get().consecutiveFailures()) {
      return;
    }
    ClusterSpec.FailureAccrualSpec accrual = spec.accrual().get();
    lock.lock();
    try {
      if (endpoint.health.isEjected() || endpoint.isRemoved() || !mayEject(accrual, endpoint)) {
        return;
      }
      long now = nanoClock.getAsLong();
      endpoint.health.forgiveAfter(accrual.maxEjectionMillis() * 1_000_000L, now);
      eject(accrual, endpoint, now);
    } finally {
      lock.unlock();
    }
  }

  /** A probe of an ejected endpoint has been answered. */
  void onProbed(Endpoint endpoint, boolean good) {
    lock.lock();
    try {
      if (!endpoint.health.isEjected()) {
        return;
      }
      long now = nanoClock.getAsLong();
      if (good || spec.accrual().isEmpty()) {
        endpoint.health.restore(now);
        publish(false);
      } else {
        eject(spec.accrual().get(), endpoint, now);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Never the last available endpoint, and never more than the configured share. */
  private boolean mayEject(ClusterSpec.FailureAccrualSpec accrual, Endpoint endpoint) {
    Targets now = targets;
    int others = 0;
    for (Endpoint other : now.candidates) {
      if (other != endpoint && other.health.isAvailable()) {
        others++;
      }
    }
    return others >= 1
        && (now.ejected.length + 1) * 100L
            <= (long) now.candidates.length * accrual.maxEjectedPercent();
  }

  private void eject(ClusterSpec.FailureAccrualSpec accrual, Endpoint endpoint, long now) {
    long nominal =
        Math.min(
            accrual.baseEjectionMillis() * (endpoint.health.ejections() + 1L),
            accrual.maxEjectionMillis());
    // 0.9 to 1.1 of it, so that endpoints that failed together do not return together.
    long millis = nominal * (900 + random.applyAsInt(201)) / 1000;
    endpoint.health.eject(now + millis * 1_000_000L);
    ejectionCount.incrementAndGet();
    publish(false);
  }

  private @Nullable Endpoint dueProbe(Targets now) {
    long time = nanoClock.getAsLong();
    for (Endpoint endpoint : now.ejected) {
      if (endpoint.health.isProbeDue(time) && endpoint.health.isPassing()) {
        // Another loop that holds the lock is about to take the probe or to change the targets:
        // this request goes its normal way instead of waiting.
        if (!lock.tryLock()) {
          return null;
        }
        try {
          if (endpoint.health.isProbeDue(time)) {
            endpoint.health.startProbe(time + PROBE_PATIENCE_NANOS);
            return endpoint;
          }
        } finally {
          lock.unlock();
        }
      }
    }
    return null;
  }

  private Endpoint newEndpoint(EndpointSet.Endpoint wanted) {
    boolean ewma = spec.loadBalancer() == ClusterSpec.LoadBalancerPolicy.PEAK_EWMA;
    return new Endpoint(this, wanted, ewma ? new PeakEwma(nanoClock) : null, new EndpointHealth());
  }

  private void publish(boolean setChanged) {
    Targets old = targets;
    Endpoint[] all = setChanged ? byAddress.values().toArray(NONE) : old.all;
    Endpoint[] candidates = setChanged ? candidates(all) : old.candidates;
    var available = new ArrayList<Endpoint>(candidates.length);
    var ejected = new ArrayList<Endpoint>();
    for (Endpoint endpoint : candidates) {
      if (endpoint.health.isAvailable()) {
        available.add(endpoint);
      } else if (endpoint.health.isEjected()) {
        ejected.add(endpoint);
      }
    }
    boolean everyone = available.isEmpty() || available.size() == candidates.length;
    targets =
        new Targets(
            all,
            candidates,
            everyone ? candidates : available.toArray(NONE),
            ejected.toArray(NONE),
            everyone,
            setChanged ? old.balancer.forCandidates(candidates) : old.balancer);
  }

  private static Endpoint[] candidates(Endpoint[] all) {
    var ready = new ArrayList<Endpoint>(all.length);
    for (Endpoint endpoint : all) {
      if (!endpoint.spec().draining()) {
        ready.add(endpoint);
      }
    }
    return ready.isEmpty() ? all : ready.toArray(NONE);
  }
}
