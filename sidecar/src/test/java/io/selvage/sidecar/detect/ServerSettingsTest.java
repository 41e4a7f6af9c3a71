// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a server's first bytes are taken for. */
class ServerSettingsTest {
  @ParameterizedTest
  @CsvSource({
    "000000040000000000, true",
    "00000c040000000000000300000064, true",
    "0000000400000000, false",
    "000005040000000000, false",
    "000000040100000000, false",
    "000000040000000001, false",
    "000000060000000000, false",
    "323230207265616479, false",
  })
  void onlySettingsAreSettings(String hex, boolean settings) {
    ByteBuf bytes = Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex));
    assertThat(ServerSettings.begin(bytes)).isEqualTo(settings);
    assertThat(bytes.readerIndex()).isZero();
  }
}
