// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StateAgeTest {
  private long now = 5;
  private final StateAge age = new StateAge(() -> now);

  private void pass(long millis) {
    now += TimeUnit.MILLISECONDS.toNanos(millis);
  }

  @Test
  void growsWhileTheControlPlaneIsAway() {
    pass(7);
    assertThat(age.millis()).as("nothing was said yet").isEqualTo(7);
    age.connected();
    pass(1_000);
    assertThat(age.millis()).isZero();
    age.lost();
    pass(3_000);
    assertThat(age.millis()).isEqualTo(3_000);
    age.connected();
    assertThat(age.millis()).isZero();
  }

  /** The control plane is there, but what it knows has been out of date for hours. */
  @Test
  void isThatOfTheControlPlanesOwnStateWhereThatIsOlder() {
    age.connected();
    age.told(7_200_000);
    pass(60_000);
    assertThat(age.millis()).isEqualTo(7_260_000);
    age.lost();
    pass(1_000);
    assertThat(age.millis()).as("not younger for the lack of a stream").isEqualTo(7_261_000);
    age.connected();
    age.told(5);
    assertThat(age.millis()).isEqualTo(5);
    age.told(0);
    pass(1_000);
    assertThat(age.millis()).isZero();
  }
}
