// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.identity.workload.RenewalClock.Schedule;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class RenewalClockTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private final RenewalClock middle = new RenewalClock(always(0.5));
  private final RenewalClock early = new RenewalClock(always(0));
  private final RenewalClock late = new RenewalClock(always(0.999999));

  @Test
  void renewsAtHalfLifeGiveOrTakeATwentieth() {
    Duration life = Duration.ofHours(24);
    assertThat(wait(middle, life)).isEqualTo(Duration.ofHours(12));
    assertThat(wait(early, life)).isEqualTo(Duration.ofMinutes(12 * 60 - 72));
    assertThat(wait(late, life))
        .isBetween(Duration.ofMinutes(12 * 60 + 71), Duration.ofMinutes(12 * 60 + 72));
  }

  @Test
  void anOldCertificateIsRenewedAtHalfOfWhatIsLeft() {
    Schedule schedule =
        middle.schedule(NOW, NOW.minus(Duration.ofHours(20)), NOW.plus(Duration.ofHours(4)));
    assertThat(schedule.renewAt()).isEqualTo(NOW.plus(Duration.ofHours(2)));
  }

  @Test
  void aClockThatIsBehindDoesNotWaitForever() {
    Schedule schedule =
        middle.schedule(NOW, NOW.plus(Duration.ofDays(9)), NOW.plus(Duration.ofDays(10)));
    assertThat(schedule.renewAt()).isEqualTo(NOW.plus(Duration.ofHours(12)));
  }

  @Test
  void nothingSpins() {
    Schedule ended = middle.schedule(NOW, NOW.minusSeconds(100), NOW.minusSeconds(1));
    assertThat(ended.renewAt()).isEqualTo(NOW.plus(RenewalClock.MIN_PAUSE));
    assertThat(ended.isReady(NOW)).isFalse();
    assertThat(middle.schedule(NOW, NOW.minusSeconds(2), NOW.plusMillis(10)).renewAt())
        .isEqualTo(NOW.plus(RenewalClock.MIN_PAUSE));
  }

  @Test
  void readinessGoesOffBeforeTheEnd() {
    assertThat(margin(Duration.ofHours(24))).isEqualTo(Duration.ofMinutes(5));
    assertThat(margin(Duration.ofSeconds(160))).isEqualTo(Duration.ofSeconds(8));
    assertThat(margin(Duration.ofSeconds(22))).isEqualTo(Duration.ofSeconds(2));
    Schedule schedule = middle.schedule(NOW, NOW, NOW.plusSeconds(160));
    assertThat(schedule.isReady(schedule.unreadyAt().minusMillis(1))).isTrue();
    assertThat(schedule.isReady(schedule.unreadyAt())).isFalse();
    assertThat(schedule.renewAt()).isBefore(schedule.unreadyAt());
  }

  @Test
  void retriesBackOffWithinTheLifeThatIsLeft() {
    Duration day = Duration.ofHours(24);
    assertThat(late.retryAfter(1, day)).isBetween(Duration.ofMillis(990), Duration.ofSeconds(1));
    assertThat(early.retryAfter(1, day)).isEqualTo(Duration.ofMillis(500));
    assertThat(early.retryAfter(4, day)).isEqualTo(Duration.ofSeconds(4));
    assertThat(late.retryAfter(30, day)).isBetween(Duration.ofSeconds(119), RenewalClock.MAX_PAUSE);
    assertThat(late.retryAfter(Integer.MAX_VALUE, Duration.ofSeconds(80)))
        .isBetween(Duration.ofMillis(9_990), Duration.ofSeconds(10));
  }

  @Test
  void withoutACertificateRetriesAreQuick() {
    for (Duration left : new Duration[] {Duration.ZERO, Duration.ofSeconds(-5)}) {
      assertThat(late.retryAfter(50, left))
          .isBetween(Duration.ofMillis(4_990), RenewalClock.MAX_PAUSE_WITHOUT);
    }
  }

  @Test
  void renewalsThatAreAskedForAreSpread() {
    Instant end = NOW.plus(Duration.ofHours(24));
    assertThat(early.renewSoon(NOW, end)).isEqualTo(NOW);
    assertThat(late.renewSoon(NOW, end))
        .isBetween(NOW.plusMillis(19_990), NOW.plus(RenewalClock.MAX_SPREAD));
    assertThat(late.renewSoon(NOW, NOW.plusSeconds(40)))
        .isBetween(NOW.plusMillis(4_990), NOW.plusSeconds(5));
    assertThat(late.renewSoon(NOW, NOW.minusSeconds(1))).isEqualTo(NOW);
  }

  @Test
  void aThousandProxiesDoNotRenewTogether() {
    var clock = new RenewalClock(new Random(1));
    Instant end = NOW.plus(Duration.ofHours(24));
    long distinct =
        java.util.stream.IntStream.range(0, 1000)
            .mapToLong(_ -> clock.schedule(NOW, NOW, end).renewAt().getEpochSecond() / 60)
            .distinct()
            .count();
    assertThat(distinct).isGreaterThan(100);
  }

  private static Duration wait(RenewalClock clock, Duration life) {
    return Duration.between(NOW, clock.schedule(NOW, NOW, NOW.plus(life)).renewAt());
  }

  private Duration margin(Duration life) {
    Schedule schedule = middle.schedule(NOW, NOW, NOW.plus(life));
    return Duration.between(schedule.unreadyAt(), schedule.endsAt());
  }

  private static RandomGenerator always(double value) {
    return new RandomGenerator() {
      @Override
      public long nextLong() {
        throw new UnsupportedOperationException();
      }

      @Override
      public double nextDouble() {
        return value;
      }
    };
  }
}
