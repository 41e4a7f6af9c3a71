// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CertificateEndTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "24h, PT24H, PT23H",
    "just an hour for the last, PT4H, PT3H",
    "less than that, PT3H, PT2H15M",
    "renewed at half of two minutes, PT60S, PT45S",
    "in the last second, PT1S, PT0.75S"
  })
  void requestsGoElsewhereWellBeforeTheDate(String name, Duration dated, Duration usable) {
    assertThat(CertificateEnd.usableMillis(NOW.plus(dated).plus(MeshTls.SKEW), NOW))
        .as(name)
        .isEqualTo(usable.toMillis());
  }

  @Test
  void aConnectionMadeWithinTheAllowanceHasAPartOfThat() {
    assertThat(CertificateEnd.usableMillis(NOW.plusSeconds(8), NOW)).isEqualTo(6_000);
    assertThat(CertificateEnd.usableMillis(NOW.minusSeconds(1), NOW)).isZero();
  }

  @Test
  void withoutCertificatesThereIsNoEnd() {
    assertThat(CertificateEnd.usableMillis(Instant.MAX, NOW)).isEqualTo(Long.MAX_VALUE);
  }
}
