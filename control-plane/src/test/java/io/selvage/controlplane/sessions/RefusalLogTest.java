// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RefusalLogTest {
  private final List<String> lines = new ArrayList<>();
  private long now = Long.MAX_VALUE - 1_500_000_000;
  private final RefusalLog log =
      new RefusalLog(() -> now, (reason, count) -> lines.add(reason + " " + count));

  @Test
  void aReasonIsToldOnceASecondWithItsCount() {
    for (int i = 0; i < 1_000; i++) {
      log.refused("Busy");
    }
    log.refused("NoHello");
    assertThat(lines).containsExactly("Busy 1", "NoHello 1");
    now += 999_999_999;
    log.refused("Busy");
    assertThat(lines).hasSize(2);
    now += 1;
    log.refused("Busy");
    assertThat(lines).last().isEqualTo("Busy 1001");
    // The clock of nanoseconds may run over.
    now += 1_000_000_000;
    log.refused("Busy");
    assertThat(lines).last().isEqualTo("Busy 1");
  }
}
