// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.Issuer;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;

/**
 * Terms on which certificates are issued.
 *
 * @param self the control plane's own identity; its trust domain is everybody's
 * @param leafLifetime at least {@link Issuer#MIN_LIFETIME}
 * @param skew added to both ends of leaves, 0..1 h
 * @param authorityLifetime of roots and issuers made here, at least a minute
 * @param podBoundOnly whether a token must be bound to a pod. The kubelet's are; one that somebody
 *     made by {@code kubectl create token} need not be, and outlives every pod
 * @param burst certificates one identity gets at once, at least 1; all pods of a ServiceAccount
 *     share it
 * @param perSecond certificates one identity gets in the long run, more than 0
 * @param pollEvery longest time a changed issuer goes unnoticed, 100 ms..10 s
 * @param settle how long proxies have to come back after a restart, and other replicas to follow,
 *     before a rotation believes that it sees them all, 0..10 min
 */
public record IdentityOptions(
    WorkloadIdentity self,
    Duration leafLifetime,
    Duration skew,
    Duration authorityLifetime,
    boolean podBoundOnly,
    int burst,
    double perSecond,
    Duration pollEvery,
    Duration settle) {
  public static final int DEFAULT_BURST = 500;
  public static final double DEFAULT_PER_SECOND = 50;
  public static final Duration DEFAULT_POLL = Duration.ofSeconds(5);
  public static final Duration DEFAULT_SETTLE = Duration.ofSeconds(15);

  public IdentityOptions {
    requireNonNull(self, "self");
    within("leaf lifetime", leafLifetime, Issuer.MIN_LIFETIME, Duration.ofDays(366));
    within("clock skew allowance", skew, Duration.ZERO, Duration.ofHours(1));
    within("authority lifetime", authorityLifetime, Duration.ofMinutes(1), Duration.ofDays(36_500));
    within("poll interval", pollEvery, Duration.ofMillis(100), Duration.ofSeconds(10));
    within("settle time", settle, Duration.ZERO, Duration.ofMinutes(10));
    if (burst < 1 || !(perSecond > 0)) {
      throw new IllegalArgumentException("an identity gets at least 1 certificate, and some rate");
    }
  }

  private static void within(String what, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          "the " + what + " must be between " + least + " and " + most + ", not " + value);
    }
  }

  /** What holds where nothing is said. */
  public static IdentityOptions defaults(WorkloadIdentity self) {
    return new IdentityOptions(
        self,
        Issuer.DEFAULT_LIFETIME,
        Issuer.SKEW,
        CertificateAuthorities.DEFAULT_LIFETIME,
        false,
        DEFAULT_BURST,
        DEFAULT_PER_SECOND,
        DEFAULT_POLL,
        DEFAULT_SETTLE);
  }

  /** The same with other leaves. */
  public IdentityOptions withLeaves(Duration lifetime, Duration newSkew) {
    return new IdentityOptions(
        self,
        lifetime,
        newSkew,
        authorityLifetime,
        podBoundOnly,
        burst,
        perSecond,
        pollEvery,
        settle);
  }

  /** The same with or without tokens that are bound to no pod. */
  public IdentityOptions withPodBoundOnly(boolean only) {
    return new IdentityOptions(
        self, leafLifetime, skew, authorityLifetime, only, burst, perSecond, pollEvery, settle);
  }

  /** The same with another rate. */
  public IdentityOptions withRate(int newBurst, double newPerSecond) {
    return new IdentityOptions(
        self,
        leafLifetime,
        skew,
        authorityLifetime,
        podBoundOnly,
        newBurst,
        newPerSecond,
        pollEvery,
        settle);
  }

  /** The same with other pauses. */
  public IdentityOptions withPauses(Duration newPollEvery, Duration newSettle) {
    return new IdentityOptions(
        self,
        leafLifetime,
        skew,
        authorityLifetime,
        podBoundOnly,
        burst,
        perSecond,
        newPollEvery,
        newSettle);
  }

  public String trustDomain() {
    return self.trustDomain();
  }
}
