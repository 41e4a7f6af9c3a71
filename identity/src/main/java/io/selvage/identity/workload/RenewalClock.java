// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/**
 * When a workload renews its certificate, how it retries, and when it stops calling itself ready.
 * Pure but for its randomness: it holds no timer and reads no clock.
 */
public final class RenewalClock {
  /** Shortest pause before any renewal or retry, so that nothing spins. */
  public static final Duration MIN_PAUSE = Duration.ofSeconds(1);

  /** Longest pause between retries, however long the certificate still holds. */
  public static final Duration MAX_PAUSE = Duration.ofMinutes(2);

  /** Longest pause between retries without a valid certificate: every second is an outage. */
  public static final Duration MAX_PAUSE_WITHOUT = Duration.ofSeconds(5);

  /** Renewals that are asked for by the control plane are spread over at most this. */
  public static final Duration MAX_SPREAD = Duration.ofSeconds(20);

  /** Half of the spread of planned renewals around half-life, as a share of the life left. */
  private static final double JITTER = 0.05;

  private final RandomGenerator random;

  /**
   * @param random spreads many proxies that started together
   */
  public RenewalClock(RandomGenerator random) {
    this.random = requireNonNull(random, "random");
  }

  /**
   * What a certificate means for its holder.
   *
   * @param renewAt when to ask for the next one
   * @param unreadyAt when readiness goes off if there is no newer one
   * @param endsAt from then on it is not used
   */
  public record Schedule(Instant renewAt, Instant unreadyAt, Instant endsAt) {
    public Schedule {
      requireNonNull(renewAt, "renewAt");
      requireNonNull(unreadyAt, "unreadyAt");
      requireNonNull(endsAt, "endsAt");
    }

    /** Whether the certificate still counts for readiness. */
    public boolean isReady(Instant now) {
      return now.isBefore(unreadyAt);
    }
  }

  /**
   * Plans for a certificate just received: renewal at half of what is left of it, 5 % earlier or
   * later. A certificate that was old already when it came is thus not renewed in a rush, and a
   * clock that is behind does not wait for more than the certificate's whole life.
   *
   * @param received by our clock
   * @param notBefore start of the leaf
   * @param notAfter end of the leaf
   */
  public Schedule schedule(Instant received, Instant notBefore, Instant notAfter) {
    Duration whole = Duration.between(notBefore, notAfter);
    Duration left = Duration.between(received, notAfter);
    Duration counted = left.compareTo(whole) < 0 ? left : whole;
    double share = 0.5 + JITTER * (2 * random.nextDouble() - 1);
    Duration wait = atLeast(MIN_PAUSE, scaled(counted, share));
    return new Schedule(received.plus(wait), notAfter.minus(unreadyMargin(whole)), notAfter);
  }

  /**
   * How long before its end a certificate stops counting for readiness: a twentieth of its life,
   * between 2 s and 5 min. Long enough for endpoints to be taken out of use elsewhere.
   */
  static Duration unreadyMargin(Duration whole) {
    return clamp(whole.dividedBy(20), Duration.ofSeconds(2), Duration.ofMinutes(5));
  }

  /**
   * The pause after a failed renewal: 1 s doubling with each failure, at most an eighth of the life
   * left within {@link #MAX_PAUSE}, and of that a random part of at least a half.
   *
   * @param failures in a row, at least 1
   * @param left life of the certificate in use; zero or less if there is none
   */
  public Duration retryAfter(int failures, Duration left) {
    Duration most =
        left.isPositive()
            ? clamp(left.dividedBy(8), MAX_PAUSE_WITHOUT, MAX_PAUSE)
            : MAX_PAUSE_WITHOUT;
    int doublings = Math.clamp(failures - 1L, 0, 16);
    Duration pause = clamp(MIN_PAUSE.multipliedBy(1L << doublings), MIN_PAUSE, most);
    return scaled(pause, 0.5 + random.nextDouble() / 2);
  }

  /**
   * When to renew because the control plane asks for it: soon, spread over an eighth of the life
   * left within {@link #MAX_SPREAD}, so that not all ask at once.
   */
  public Instant renewSoon(Instant now, Instant notAfter) {
    Duration left = Duration.between(now, notAfter);
    Duration spread = clamp(left.dividedBy(8), Duration.ZERO, MAX_SPREAD);
    return now.plus(scaled(spread, random.nextDouble()));
  }

  private static Duration scaled(Duration duration, double by) {
    return Duration.ofMillis(Math.round(duration.toMillis() * by));
  }

  private static Duration atLeast(Duration least, Duration value) {
    return value.compareTo(least) < 0 ? least : value;
  }

  private static Duration clamp(Duration value, Duration least, Duration most) {
    return value.compareTo(most) > 0 ? most : atLeast(least, value);
  }
}
