// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TicketKeysTest {
  private static final Duration PERIOD = Duration.ofHours(8);
  private static final long NANOS = PERIOD.toNanos();

  @Test
  void addsAKeyOncePerPeriodAndKeepsThree() {
    TicketKeys keys = new TicketKeys(PERIOD, 0);
    var first = keys.current().getFirst();
    assertThat(keys.rotate(NANOS - 1)).isFalse();
    assertThat(keys.rotate(NANOS)).isTrue();
    assertThat(keys.current()).hasSize(2).last().isEqualTo(first);
    assertThat(keys.rotate(2 * NANOS)).isTrue();
    assertThat(keys.current()).hasSize(3).last().isEqualTo(first);
    assertThat(keys.rotate(3 * NANOS)).isTrue();
    assertThat(keys.current()).hasSize(3).doesNotContain(first);
  }

  @Test
  void forgetsEveryOldKeyAfterALongPause() {
    TicketKeys keys = new TicketKeys(PERIOD, 0);
    keys.rotate(NANOS);
    assertThat(keys.rotate(4 * NANOS)).isTrue();
    assertThat(keys.current()).hasSize(1);
  }
}
