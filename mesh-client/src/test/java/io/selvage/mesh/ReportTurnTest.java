// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReportTurnTest {
  @ParameterizedTest
  @CsvSource({
    "true, 5000, SEND",
    "true, 65001, SEND",
    "false, 5000, KEEP",
    "false, 65000, KEEP",
    "false, 65001, DROP"
  })
  void waitsAMinuteForAControlPlaneThatTakesNothing(
      boolean writable, long millis, ReportTurn turn) {
    assertThat(ReportTurn.of(writable, millis, 5_000)).isEqualTo(turn);
  }
}
