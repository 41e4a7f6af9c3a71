// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.sidecar.options.SidecarOptions;
import io.selvage.sidecar.process.Departure.Step;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DepartureTest {
  private long now;

  @Test
  void theApplicationIsGoneWhenNothingWasOpenAndNothingCameForTheQuietTime() {
    Departure departure = departure(Duration.ofSeconds(120), Duration.ofSeconds(2));
    assertThat(departure.look(1, 10)).isEqualTo(Step.SERVE);
    at(1_000);
    assertThat(departure.look(0, 10)).isEqualTo(Step.SERVE);
    at(2_999);
    assertThat(departure.look(0, 11)).as("one came and went in between").isEqualTo(Step.SERVE);
    at(4_998);
    assertThat(departure.look(0, 11)).isEqualTo(Step.SERVE);
    at(4_999);
    assertThat(departure.look(0, 11)).isEqualTo(Step.CLOSE);
  }

  @Test
  void connectionsAreAskedToEndLateAndCutAtTheEnd() {
    Departure departure = departure(Duration.ofSeconds(120), Duration.ofSeconds(2));
    at(114_999);
    assertThat(departure.look(1, 1)).isEqualTo(Step.SERVE);
    at(115_000);
    assertThat(departure.look(1, 1)).isEqualTo(Step.ASK);
    at(119_999);
    assertThat(departure.look(1, 2)).isEqualTo(Step.ASK);
    at(120_000);
    assertThat(departure.look(1, 2)).isEqualTo(Step.CLOSE);
  }

  @Test
  void aShortGraceHasAShortEndAndNoneIsTheEnd() {
    Departure departure = departure(Duration.ofSeconds(4), Duration.ofSeconds(2));
    at(2_999);
    assertThat(departure.look(1, 1)).isEqualTo(Step.SERVE);
    at(3_000);
    assertThat(departure.look(1, 1)).isEqualTo(Step.ASK);
    assertThat(departure(Duration.ZERO, Duration.ofSeconds(2)).look(1, 1)).isEqualTo(Step.CLOSE);
  }

  private Departure departure(Duration grace, Duration quiet) {
    return new Departure(new SidecarOptions.Shutdown(grace, quiet, false), () -> now);
  }

  private void at(long millis) {
    now = millis * 1_000_000;
  }
}
