// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.KeyMaterial;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class SelfSignedTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private final KeyMaterial made =
      SelfSigned.create(List.of("a.test", "b.test"), NOW, Duration.ofDays(1));

  @Test
  void isAcceptedWithItsKeyAndNames() {
    assertThat(accepted().dnsNames()).containsExactly("a.test", "b.test");
  }

  @Test
  void isValidFromNowUntilItsEnd() {
    assertThat(accepted().validityProblem(NOW)).isEmpty();
    assertThat(accepted().validityProblem(NOW.plus(Duration.ofDays(1)))).isEmpty();
    assertThat(accepted().validityProblem(NOW.plus(Duration.ofDays(1)).plusSeconds(1)))
        .hasValueSatisfying(why -> assertThat(why.reason()).isEqualTo("CertificateExpired"));
  }

  @Test
  void noTwoAreTheSame() {
    KeyMaterial other = SelfSigned.create(List.of("a.test"), NOW, Duration.ofDays(1));
    assertThat(other.keyPem()).isNotEqualTo(made.keyPem());
    assertThat(Certificates.parseChain(made.chainPem(), other.keyPem()))
        .isInstanceOf(ParsedChain.Rejected.class);
  }

  private ParsedChain.Accepted accepted() {
    ParsedChain parsed = Certificates.parseChain(made.chainPem(), made.keyPem());
    assertThat(parsed).isInstanceOf(ParsedChain.Accepted.class);
    return (ParsedChain.Accepted) parsed;
  }
}
