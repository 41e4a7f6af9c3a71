// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PortRangeTest {
  @Test
  void readsPortsAndRanges() {
    assertThat(PortRange.parseList(" 25, 4000-4100 ,,1-65535"))
        .containsExactly(
            new PortRange(25, 25), new PortRange(4000, 4100), new PortRange(1, 65_535));
    assertThat(PortRange.parseList(" ")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0", "65536", "123456", "2-1", "-", "1-", "-1", "1-2-3", "1 - 2", "+1", "x", "\u0661"
      })
  void readsNothingElse(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> PortRange.parseList(text));
  }
}
