// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;

/** What identity counts. Reasons are words of ours, so the number of series is bounded. */
final class IdentityMetrics {
  private final MeterRegistry registry;
  private final Counter issued;

  IdentityMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.issued = registry.counter("selvage.identity.issued");
  }

  /** Adds what is read from the store and the rotation. */
  void observe(IssuerStore store, Rotation rotation, InstantSource clock) {
    Gauge.builder("selvage.identity.issuer.cert.ttl.seconds", store, s -> issuerTtl(s, clock))
        .description("Time until the issuer's chain ends; negative when it has")
        .register(registry);
    Gauge.builder("selvage.identity.anchor.ttl.seconds", store, s -> anchorTtl(s, clock))
        .description("Time until the next trust anchor ends")
        .register(registry);
    Gauge.builder("selvage.identity.problems", store, s -> s.problem().isPresent() ? 1 : 0)
        .register(registry);
    FunctionCounter.builder("selvage.identity.issuer.skipped", store, IssuerStore::skipped)
        .description("New issuers or anchors that were not taken over")
        .register(registry);
    Gauge.builder("selvage.identity.rotation.phase", rotation, r -> r.phase().ordinal())
        .description("0 none, 1 trusting, 2 renewing, 3 pruning, 4 done, 5 aborting, 6 aborted")
        .register(registry);
  }

  private static double issuerTtl(IssuerStore store, InstantSource clock) {
    Trust trust = store.trust();
    return trust == null
        ? Double.NaN
        : Duration.between(clock.instant(), trust.issuer().notAfter()).toSeconds();
  }

  private static double anchorTtl(IssuerStore store, InstantSource clock) {
    Trust trust = store.trust();
    return trust == null
        ? Double.NaN
        : Duration.between(clock.instant(), trust.bundle().nearestEnd(clock.instant())).toSeconds();
  }

  void issued() {
    issued.increment();
  }

  void refused(String reason) {
    registry.counter("selvage.identity.refused", "reason", reason).increment();
  }
}
