// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClaimedIdentityTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "selvage-client-id:",
        "\r\nselvage-client-id: x",
        "A\nSelvage-Client-Id:x",
        "A\rSELVAGE_CLIENT_ID:",
        "A\r\n \t\13selvage.client~id \t:",
        "A\n\240selvage-client-id\205:",
        "selvage selvage-client-id\nselvage-client-id:"
      })
  void isFoundHoweverItIsWrittenAndCut(String text) {
    ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    assertThat(new ClaimedIdentity().look(bytes, 0, text.length())).isTrue();
    for (int cut = 0; cut <= text.length(); cut++) {
      var claim = new ClaimedIdentity();
      claim.look(bytes, 0, cut);
      assertThat(claim.look(bytes, cut, text.length())).as("cut at %s", cut).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "selvage-client-id",
        "selvage-client-id\n:",
        "x-selvage-client-id:",
        "x selvage-client-id:",
        "selvage-client-ids:",
        "selvage-client-id x:",
        "selvage client-id:",
        "selvage--client-id:",
        "selvage1client-id:",
        "selvage-\nclient-id:",
        "elvage-client-id:"
      })
  void isNotMadeUp(String text) {
    ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    assertThat(new ClaimedIdentity().look(bytes, 0, text.length())).isFalse();
  }

  /** Bytes are passed over by eights. */
  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r", "\n\0", "\377\n", "\212\n", "\213\r", "\n\n", "\1\r\n"})
  void isFoundWhereverItsLineBegins(String before) {
    for (String filling : new String[] {"x", "\0", "\11", "\200", "x\n"}) {
      for (int length = 0; length < 40; length++) {
        String start = "x" + filling.repeat(length) + before;
        String text = start + "selvage-client-id: y";
        ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
        assertThat(new ClaimedIdentity().look(bytes, 0, text.length())).as(text).isTrue();
        for (int cut = 0; cut < start.length() + 4; cut++) {
          var claim = new ClaimedIdentity();
          claim.look(bytes, 0, cut);
          assertThat(claim.look(bytes, cut, text.length())).as("%s cut at %s", text, cut).isTrue();
        }
      }
    }
  }

  @Test
  void staysFound() {
    ByteBuf bytes = Unpooled.copiedBuffer("selvage-client-id:\nx", StandardCharsets.ISO_8859_1);
    var claim = new ClaimedIdentity();
    claim.look(bytes, 0, 18);
    assertThat(claim.look(bytes, 18, 20)).isTrue();
  }
}
