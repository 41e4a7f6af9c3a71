// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyHeaderTest {
  private static final int MAX = 4096;

  @Test
  void readsVersionOne() throws Exception {
    ProxyHeader header = parse("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET");
    assertThat(header.source()).hasToString("/192.0.2.1:56324");
    assertThat(header.destination()).hasToString("/198.51.100.2:443");
    assertThat(header.length()).isEqualTo(45);

    ProxyHeader v6 = parse("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n");
    assertThat(v6.source().getAddress().getHostAddress()).isEqualTo("2001:db8:0:0:0:0:0:1");
    assertThat(v6.destination().getPort()).isEqualTo(65535);
  }

  @Test
  void keepsTheConnectionsAddressForUnknown() throws Exception {
    assertThat(parse("PROXY UNKNOWN\r\n").source()).isNull();
    assertThat(parse("PROXY UNKNOWN ffff::1 ::1 1 2 what ever\r\n").length()).isEqualTo(41);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\n",
        "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
        "PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        "PROXY TCP6 [::1] ::1 1 2\r\n",
        "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
        "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY \r\n",
        "PROXY \n",
      })
  void refusesBadVersionOne(String line) {
    assertThatThrownBy(() -> parse(line)).isInstanceOf(ProxyHeader.InvalidException.class);
  }

  @Test
  void boundsVersionOneAt107Bytes() throws Exception {
    String longest = "PROXY UNKNOWN " + "x".repeat(107 - 14 - 2) + "\r\n";
    assertThat(longest).hasSize(107);
    assertThat(parse(longest).length()).isEqualTo(107);
    assertThatThrownBy(() -> parse("PROXY UNKNOWN " + "x".repeat(108 - 14 - 2) + "\r\n"))
        .isInstanceOf(ProxyHeader.InvalidException.class);
    // A line that never ends is given up at the bound, not waited for.
    assertThat(parseNullable("PROXY UNKNOWN " + "x".repeat(106 - 14))).isNull();
    assertThatThrownBy(() -> parse("PROXY UNKNOWN " + "x".repeat(107 - 14)))
        .isInstanceOf(ProxyHeader.InvalidException.class);
  }

  @Test
  void readsVersionTwo() throws Exception {
    ByteBuf v4 = v2(0x21, 0x11, 12);
    v4.writeBytes(new byte[] {(byte) 192, 0, 2, 1, 10, 0, 0, 9}).writeShort(1234).writeShort(443);
    ProxyHeader header = ProxyHeader.parse(v4, MAX);
    assertThat(header.source()).hasToString("/192.0.2.1:1234");
    assertThat(header.destination()).hasToString("/10.0.0.9:443");
    assertThat(header.length()).isEqualTo(28);

    ByteBuf v6 = v2(0x21, 0x21, 36 + 5);
    v6.writeZero(15).writeByte(1).writeZero(15).writeByte(2).writeShort(1).writeShort(2);
    v6.writeBytes(new byte[] {(byte) 0xEA, 0, 2, 1, 1}).writeBytes(new byte[] {'G'});
    ProxyHeader withTlv = ProxyHeader.parse(v6, MAX);
    assertThat(withTlv.source().getAddress().getHostAddress()).isEqualTo("0:0:0:0:0:0:0:1");
    assertThat(withTlv.length()).as("TLVs are skipped").isEqualTo(16 + 41);
  }

  @Test
  void keepsTheConnectionsAddressForLocalAndFamiliesWithoutPorts() throws Exception {
    assertThat(ProxyHeader.parse(v2(0x20, 0x00, 0), MAX).source()).isNull();
    assertThat(ProxyHeader.parse(v2(0x20, 0x11, 12).writeZero(12), MAX).source()).isNull();
    assertThat(ProxyHeader.parse(v2(0x21, 0x00, 0), MAX).source()).isNull();
    assertThat(ProxyHeader.parse(v2(0x21, 0x31, 216).writeZero(216), MAX).source()).isNull();
    assertThat(ProxyHeader.parse(v2(0x21, 0x12, 12).writeZero(12), MAX).source()).isNull();
  }

  @Test
  void refusesBadVersionTwo() {
    for (ByteBuf bad :
        new ByteBuf[] {
          v2(0x11, 0x11, 12), // version 1
          v2(0x22, 0x11, 12), // unknown command
          v2(0x21, 0x41, 12), // unknown family
          v2(0x21, 0x13, 12), // unknown transport
          v2(0x21, 0x11, 11).writeZero(11), // shorter than its addresses
          v2(0x21, 0x21, 35).writeZero(35),
          v2(0x21, 0x31, 215).writeZero(215),
          Unpooled.wrappedBuffer(new byte[] {0x0D, 0x0A, 0x0D, 0x0B}),
        }) {
      assertThatThrownBy(() -> ProxyHeader.parse(bad, MAX))
          .isInstanceOf(ProxyHeader.InvalidException.class);
    }
  }

  @Test
  void boundsVersionTwoAtTheLimit() throws Exception {
    assertThat(ProxyHeader.parse(v2(0x21, 0x11, MAX - 16).writeZero(MAX - 16), MAX)).isNotNull();
    assertThatThrownBy(() -> ProxyHeader.parse(v2(0x21, 0x11, MAX - 15), MAX))
        .isInstanceOf(ProxyHeader.InvalidException.class);
  }

  @Test
  void waitsForEveryMissingByte() throws Exception {
    ByteBuf whole = v2(0x21, 0x11, 12).writeZero(12);
    for (int length = 0; length < whole.readableBytes(); length++) {
      assertThat(ProxyHeader.parse(whole.slice(0, length), MAX)).isNull();
    }
    String line = "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n";
    for (int length = 0; length < line.length(); length++) {
      assertThat(parseNullable(line.substring(0, length))).isNull();
    }
  }

  @Test
  void survivesRandomBytes() {
    Random random = new Random(3);
    for (int round = 0; round < 50_000; round++) {
      ByteBuf in = v2(0x20 | random.nextInt(3), random.nextInt(256), random.nextInt(64));
      byte[] rest = new byte[random.nextInt(64)];
      random.nextBytes(rest);
      in.writeBytes(rest);
      try {
        ProxyHeader header = ProxyHeader.parse(in, MAX);
        assertThat(header == null || header.length() <= in.readableBytes()).isTrue();
      } catch (ProxyHeader.InvalidException expected) {
        assertThat(expected).hasMessageContaining("version 2");
      }
    }
  }

  private static ProxyHeader parse(String text) throws ProxyHeader.InvalidException {
    ProxyHeader header = parseNullable(text);
    assertThat(header).isNotNull();
    return header;
  }

  private static @Nullable ProxyHeader parseNullable(String text)
      throws ProxyHeader.InvalidException {
    return ProxyHeader.parse(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII), MAX);
  }

  private static ByteBuf v2(int command, int family, int length) {
    return Unpooled.buffer()
        .writeBytes(
            new byte[] {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A})
        .writeByte(command)
        .writeByte(family)
        .writeShort(length);
  }
}
