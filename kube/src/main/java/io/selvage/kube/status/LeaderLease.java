// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Seeks a Lease, holds it while it can, and seeks it again after losing it. The elector judges
 * expiry by this machine's clock, so that for a moment two replicas may both believe they lead
 * where clocks differ: whatever a leader writes must be fenced by the object's resource version.
 */
final class LeaderLease implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LeaderLease.class);

  /** An API server that is away must not hold up a shutdown; the lease then expires by itself. */
  private static final long RELEASE_LIMIT_SECONDS = 3;

  private final KubernetesClient client;
  private final StatusOptions options;
  private final Runnable onStart;
  private final ExecutorService executor =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().daemon().name("leader-lease-", 0).factory());
  private volatile boolean leader;
  private boolean closed;
  private @Nullable CompletableFuture<?> running;

  /**
   * @param onStart called on a thread of the lease whenever leadership begins; must return soon
   */
  LeaderLease(KubernetesClient client, StatusOptions options, Runnable onStart) {
    this.client = client;
    this.options = options;
    this.onStart = onStart;
  }

  /** Seeks the lease from now on. */
  synchronized void seek() {
    if (closed) {
      return;
    }
    var future = new LeaderElector(client, config(), executor).start();
    running = future;
    future.whenComplete((result, failure) -> {
      leader = false;
      long base = options.retryPeriod().toMillis();
      long pause = base + ThreadLocalRandom.current().nextLong(base + 1);
      // An elector serves one term only; the next term needs another.
      CompletableFuture.delayedExecutor(pause, TimeUnit.MILLISECONDS, executor).execute(this::seek);
    });
  }

  boolean isLeader() {
    return leader;
  }

  @Override
  public void close() {
    CompletableFuture<?> term;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      term = running;
    }
    if (term != null) {
      try {
        // Cancelling releases the lease, which is a call to the API server.
        CompletableFuture.runAsync(() -> term.cancel(true), executor)
            .get(RELEASE_LIMIT_SECONDS, TimeUnit.SECONDS);
      } catch (TimeoutException | ExecutionException e) {
        log.warn("the lease could not be released and will expire: {}", e.toString());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    leader = false;
    executor.shutdownNow();
  }

  private LeaderElectionConfig config() {
    var callbacks = new LeaderCallbacks(this::started, this::stopped, this::changed);
    return new LeaderElectionConfigBuilder()
        .withName(options.leaseName())
        .withLock(new LeaseLock(options.leaseNamespace(), options.leaseName(), options.identity()))
        .withLeaseDuration(options.leaseDuration())
        .withRenewDeadline(options.renewDeadline())
        .withRetryPeriod(options.retryPeriod())
        .withReleaseOnCancel(true)
        .withLeaderCallbacks(callbacks)
        .build();
  }

  private void started() {
    log.info("{} leads and writes statuses", options.identity());
    leader = true;
    onStart.run();
  }

  private void stopped() {
    log.info("{} no longer leads", options.identity());
    leader = false;
  }

  private void changed(@Nullable String identity) {
    log.debug("the leader is {}", identity);
  }
}
