// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FirstBytesTest {
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "GET / HTTP/1.1\\r\\n|HTTP1",
        "GET / HTTP/1.0\\n|HTTP1",
        "PROPFIND http://a/b%20c?d HTTP/1.1\\r\\nHost: a\\r\\n|HTTP1",
        "CONNECT a:443 HTTP/1.1\\r\\n|HTTP1",
        "OPTIONS * HTTP/1.1\\r\\n|HTTP1",
        "\\r\\n\\r\\nGET / HTTP/1.1\\r\\n|HTTP1",
        // What only a lenient server would take: the codec refuses it, raw bytes would not be.
        "GET / http/1.1\\r\\n|HTTP1",
        "GET\\t/\\tHTTP/1.1\\r\\n|HTTP1",
        "GET  /  HTTP/1.1 \\r\\n|HTTP1",
        "GET /\\x01\\xff HTTP/1.1\\r\\n|HTTP1",
        "GET / HTTP/9.9\\r\\n|HTTP1",
        "PRI * HTTP/2.0\\r\\nHost: a|HTTP1",
        "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n|HTTP2",
        "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\x00\\x00|HTTP2",
        "PRI * HTTP/2.0\\r\\n\\r\\nSX|HTTP1",
        "\\x16\\x03\\x01\\x02\\x00\\x01|TLS",
        "\\x16\\x03\\x03\\x00\\x05\\x01\\x00|TLS",
        "\\x16\\x03\\x03\\x00\\x05\\x02|RAW",
        "\\x16\\x02|RAW",
        "\\x00|RAW",
        "*1\\r\\n$4\\r\\nPING\\r\\n|RAW",
        "PING\\r\\n|RAW",
        "SET key HTTP\\r\\n|RAW",
        "GET /index.html\\r\\n|RAW",
        "HELO mail.example\\r\\n|RAW",
        "get HTTP/1.1 now\\r\\n|RAW",
        "<14>app: \"GET / HTTP/1.1\" 200\\n|RAW",
        "2026-11-21 \"GET / HTTP/1.1\" 200\\n|RAW",
        "{\"a\": 1}\\n|RAW",
        "aVeryLongWordOfMoreThanThirtyTwoLetters x HTTP/1.1\\n|RAW",
      })
  void knowsWhatIsSpokenHoweverItIsCut(String escaped, Protocol expected) {
    byte[] bytes = unescape(escaped);
    assertThat(whole(bytes)).isEqualTo(expected);
    var bytewise = new FirstBytes();
    for (int i = 0; i < bytes.length; i++) {
      bytewise.look(Unpooled.wrappedBuffer(bytes), i, i + 1);
    }
    assertThat(bytewise.decided()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "G",
        "GET",
        "GET /",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\\r",
        "\\r\\n",
        "P",
        "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r",
        "\\x16",
        "\\x16\\x03\\x01\\x02\\x00"
      })
  void waitsWhileItIsNotCertain(String escaped) {
    assertThat(whole(unescape(escaped))).isNull();
  }

  @Test
  void decidesAtTheEarliestByte() {
    assertThat(firstCertain("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).isEqualTo(16);
    assertThat(firstCertain("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n....")).isEqualTo(24);
    assertThat(firstCertain("*1\r\n$4\r\nPING\r\n")).isEqualTo(3);
    assertThat(firstCertain("\0\0\0\0\0\0\0\0")).isEqualTo(1);
    assertThat(firstCertain("PING\r\n")).isEqualTo(5);
  }

  @Test
  void looksAtALineOfAnyLength() {
    byte[] line =
        ("GET /" + "a".repeat(100_000) + " HTTP/1.1\r\n").getBytes(StandardCharsets.US_ASCII);
    assertThat(whole(line)).isEqualTo(Protocol.HTTP1);
  }

  @Test
  void anAnswerNeverChangesWithWhatFollowsOrHowItIsCut() {
    var random = new Random(42);
    byte[] alphabet =
        "GETPRI */http:HTTP/12.0 \t\r\n\0\u0016\u0003".getBytes(StandardCharsets.US_ASCII);
    for (int round = 0; round < 3_000; round++) {
      byte[] bytes = new byte[1 + random.nextInt(40)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = alphabet[random.nextInt(alphabet.length)];
      }
      ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
      var cut = new FirstBytes();
      int at = 0;
      Protocol first = null;
      while (at < bytes.length) {
        int to = at + 1 + random.nextInt(bytes.length - at);
        Protocol now = cut.look(buffer, at, to);
        if (first != null) {
          assertThat(now).isEqualTo(first);
        }
        first = now;
        at = to;
      }
      assertThat(whole(bytes)).isEqualTo(first);
    }
  }

  private static @Nullable Protocol whole(byte[] bytes) {
    return new FirstBytes().look(Unpooled.wrappedBuffer(bytes), 0, bytes.length);
  }

  private static int firstCertain(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    var first = new FirstBytes();
    for (int i = 0; i < bytes.length; i++) {
      if (first.look(Unpooled.wrappedBuffer(bytes), i, i + 1) != null) {
        return i + 1;
      }
    }
    return -1;
  }

  /** {@code \r}, {@code \n}, {@code \t} and {@code \xHH}. */
  private static byte[] unescape(String text) {
    var out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char kind = text.charAt(++i);
      switch (kind) {
        case 'r' -> out.append('\r');
        case 'n' -> out.append('\n');
        case 't' -> out.append('\t');
        case 'x' -> {
          out.append((char) Integer.parseInt(text.substring(i + 1, i + 3), 16));
          i += 2;
        }
        default -> throw new IllegalArgumentException(text);
      }
    }
    return out.toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
