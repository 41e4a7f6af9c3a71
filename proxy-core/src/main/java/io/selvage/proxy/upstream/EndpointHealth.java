// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whether an endpoint may be picked: the verdict of the active checks, and of failure accrual over
 * real requests. Fields are written under the cluster's lock except the count of failures; read by
 * any event loop.
 */
final class EndpointHealth {
  private static final long IN_SERVICE = Long.MIN_VALUE;

  final AtomicInteger consecutiveFailures = new AtomicInteger();
  private volatile boolean passing = true;
  private volatile long ejectedUntil = IN_SERVICE;
  private volatile boolean probing;
  private int ejections;
  private long restoredAt;

  boolean isPassing() {
    return passing;
  }

  boolean isEjected() {
    return ejectedUntil != IN_SERVICE;
  }

  boolean isAvailable() {
    return passing && !isEjected();
  }

  void onResult(Endpoint endpoint, Endpoint.Result result) {
    if (result == Endpoint.Result.CANCELLED) {
      return;
    }
    if (isEjected()) {
      // Answers to requests from before the ejection prove nothing; those to a probe do.
      if (probing) {
        endpoint.cluster().onProbed(endpoint, !result.isFailure());
      }
      return;
    }
    if (!result.isFailure()) {
      // Read first: the usual success must not write a line that all loops share.
      if (consecutiveFailures.get() != 0) {
        consecutiveFailures.set(0);
      }
      return;
    }
    endpoint.cluster().onFailure(endpoint, consecutiveFailures.incrementAndGet());
  }

  /** Under the cluster's lock. Returns true if the verdict changed. */
  boolean setPassing(boolean nowPassing) {
    boolean changed = passing != nowPassing;
    passing = nowPassing;
    return changed;
  }

  /** Out of service until {@code until}; under the cluster's lock. */
  void eject(long until) {
    ejections++;
    probing = false;
    ejectedUntil = until == IN_SERVICE ? until + 1 : until;
  }

  /** Back in service; under the cluster's lock. */
  void restore(long now) {
    consecutiveFailures.set(0);
    probing = false;
    restoredAt = now;
    ejectedUntil = IN_SERVICE;
  }

  /** How often in a row it has been ejected; under the cluster's lock. */
  int ejections() {
    return ejections;
  }

  /** Forgets earlier ejections if service has been good for {@code nanos}; under the lock. */
  void forgiveAfter(long nanos, long now) {
    if (ejections > 0 && now - restoredAt > nanos) {
      ejections = 0;
    }
  }

  /** True if the ejection is over and a request may try the endpoint. */
  boolean isProbeDue(long now) {
    long until = ejectedUntil;
    return until != IN_SERVICE && now - until >= 0;
  }

  /** The next request is the probe; another one is due at {@code again}. Under the lock. */
  void startProbe(long again) {
    probing = true;
    ejectedUntil = again == IN_SERVICE ? again + 1 : again;
  }
}
