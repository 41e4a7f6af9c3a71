// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

/**
 * Whom a cluster may pick at one moment. Never written after it is published, arrays included, so
 * that a pick is one volatile read; made anew whenever an endpoint comes, goes, is ejected or
 * changes its health.
 */
final class Targets {
  /** Every endpoint of the set. */
  final Endpoint[] all;

  /** Those that are not draining; all of them when every one is draining. */
  final Endpoint[] candidates;

  /**
   * Candidates that are healthy and not ejected; all candidates when there is none (panic: a wrong
   * verdict about everyone must not become an outage).
   */
  final Endpoint[] available;

  /** Candidates out of service by failure accrual, which wait for their probe. */
  final Endpoint[] ejected;

  /** Whether available and candidates are the same. */
  final boolean allAvailable;

  final LoadBalancer balancer;

  Targets(
      Endpoint[] all,
      Endpoint[] candidates,
      Endpoint[] available,
      Endpoint[] ejected,
      boolean allAvailable,
      LoadBalancer balancer) {
    this.all = all;
    this.candidates = candidates;
    this.available = available;
    this.ejected = ejected;
    this.allAvailable = allAvailable;
    this.balancer = balancer;
  }
}
