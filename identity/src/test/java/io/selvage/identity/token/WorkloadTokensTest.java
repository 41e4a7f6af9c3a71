// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.mesh.WorkloadIdentity;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class WorkloadTokensTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000);
  private static final WorkloadIdentity WEB =
      new WorkloadIdentity("cluster.local", "shop", "web.front");

  private final TokenKey key = WorkloadTokens.newKey();

  @Test
  void saysWhatAProjectedTokenSays() {
    String token = WorkloadTokens.mint(key, WEB, "a.test", NOW, Duration.ofHours(1));
    String[] parts = token.split("\\.", -1);
    assertThat(parts).hasSize(3);
    assertThat(text(parts[0])).isEqualTo("{\"alg\":\"ES256\",\"typ\":\"JWT\"}");
    assertThat(text(parts[1]))
        .contains("\"aud\":[\"a.test\"]")
        .contains("\"sub\":\"system:serviceaccount:shop:web.front\"")
        .contains("\"nbf\":1800000000")
        .contains("\"exp\":1800003600");
    assertThat(Base64.getUrlDecoder().decode(parts[2])).hasSize(64);
  }

  @Test
  void noTwoAreTheSame() {
    assertThat(WorkloadTokens.mint(key, WEB, "a", NOW, Duration.ofHours(1)))
        .isNotEqualTo(WorkloadTokens.mint(key, WEB, "a", NOW, Duration.ofHours(1)));
  }

  @Test
  void audiencesCannotBreakOutOfTheirText() {
    for (String bad : new String[] {"", "a\"b", "a\\b", "a\nb", "ä", "x".repeat(256)}) {
      assertThatThrownBy(() -> WorkloadTokens.mint(key, WEB, bad, NOW, Duration.ofHours(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("audience");
    }
    WorkloadTokens.mint(key, WEB, "x".repeat(255), NOW, Duration.ofHours(1));
  }

  @Test
  void livesAreBounded() {
    WorkloadTokens.mint(key, WEB, "a", NOW, Duration.ofSeconds(1));
    WorkloadTokens.mint(key, WEB, "a", NOW, WorkloadTokens.MAX_TTL);
    for (Duration bad :
        new Duration[] {Duration.ofMillis(999), WorkloadTokens.MAX_TTL.plusSeconds(1)}) {
      assertThatThrownBy(() -> WorkloadTokens.mint(key, WEB, "a", NOW, bad))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void keysAreReadAsWritten() {
    TokenKey read = TokenKey.parse(key.pem());
    assertThat(read.open()).isEqualTo(key.open());
    assertThat(read.toString()).isEqualTo("TokenKey[]");
    String foreign = WorkloadTokens.newKey().pem();
    String mixed =
        WorkloadKeys.pem(key.secret()) + foreign.substring(foreign.indexOf("-----BEGIN PUBLIC"));
    for (String bad :
        new String[] {"", WorkloadKeys.pem(key.secret()), mixed, key.pem() + foreign}) {
      assertThatThrownBy(() -> TokenKey.parse(bad)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static String text(String part) {
    return new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8);
  }
}
