// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.mesh.MeshOptions.ControlAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MeshOptionsTest {
  @ParameterizedTest
  @CsvSource({
    "control, control, 8443",
    "control:1, control, 1",
    "10.0.0.1:65535, 10.0.0.1, 65535",
    "fd00::1, fd00::1, 8443",
    "[fd00::1], fd00::1, 8443",
    "[fd00::1]:443, fd00::1, 443"
  })
  void readsAddresses(String text, String host, int port) {
    assertThat(ControlAddress.parse(text)).isEqualTo(new ControlAddress(host, port));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", ":1", "a:", "a:0", "a:65536", "a:b", "[fd00::1", "[fd00::1]x", "[]:1"})
  void refusesWhatIsNone(String text) {
    assertThatThrownBy(() -> ControlAddress.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("\"" + text + "\" is not HOST:PORT");
  }

  @Test
  void readsLists() {
    assertThat(ControlAddress.parseList("a:1, [fd00::1]:2"))
        .containsExactly(new ControlAddress("a", 1), new ControlAddress("fd00::1", 2));
    assertThatThrownBy(() -> ControlAddress.parseList("a,,b"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
