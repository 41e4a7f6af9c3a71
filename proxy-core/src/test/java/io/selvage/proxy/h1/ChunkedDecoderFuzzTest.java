// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The incremental decoder against a plain reading of the grammar (RFC 9112 section 7.1). */
class ChunkedDecoderFuzzTest {
  private static final Pattern SIZE_LINE =
      Pattern.compile(
          "([0-9a-fA-F]{1,15})(;([!#$%&'*+.^`|~0-9A-Za-z_\\-;= \\t]"
              + "|\"([^\\x00-\\x08\\x0a-\\x1f\\x7f\"\\\\]|\\\\[^\\x00-\\x08\\x0a-\\x1f\\x7f])*\")*)?\\r\\n");

  /** The reference: data, then {@code |} and what is left, or null if the grammar is broken. */
  private static String reference(String in) {
    var data = new StringBuilder();
    int at = 0;
    while (true) {
      Matcher line = SIZE_LINE.matcher(in).region(at, in.length());
      if (!line.lookingAt() || line.end() - at > 257) {
        return null;
      }
      long size = Long.parseLong(line.group(1), 16);
      at = line.end();
      if (size == 0) {
        return data + "|" + in.substring(at);
      }
      if (size > in.length() - at - 2) {
        return null;
      }
      data.append(in, at, at + (int) size);
      at += (int) size;
      if (!in.startsWith("\r\n", at)) {
        return null;
      }
      at += 2;
    }
  }

  private static String decode(String in, Random cuts) {
    var decoder = new ChunkedDecoder();
    decoder.reset(256);
    var data = new StringBuilder();
    int from = 0;
    while (from < in.length()) {
      int to = cuts == null ? in.length() : from + 1 + cuts.nextInt(in.length() - from);
      ByteBuf buf = Unpooled.copiedBuffer(in.substring(from, to), StandardCharsets.ISO_8859_1);
      try {
        ChunkedDecoder.Event event;
        while ((event = decoder.next(buf)) != ChunkedDecoder.Event.MORE) {
          switch (event) {
            case DATA ->
                data.append(
                    buf.readCharSequence(decoder.dataLength(), StandardCharsets.ISO_8859_1));
            case LAST -> {
              return data + "|" + in.substring(to - buf.readableBytes());
            }
            default -> {
              return null;
            }
          }
        }
      } finally {
        buf.release();
      }
      from = to;
    }
    return null; // unfinished: as the reference, not a message
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void agreesWithTheGrammarHoweverItIsCut(long seed) {
    var random = new Random(seed);
    String[] pieces = {
      "\r\n",
      "\n",
      "\r",
      "0",
      "3",
      "a",
      ";",
      ";x=1",
      ";x=\"y z\"",
      "\"",
      "\\",
      " ",
      "\0",
      "x",
      "-",
      "+"
    };
    int whole = 0;
    for (int round = 0; round < 30_000; round++) {
      var in = new StringBuilder();
      for (int chunks = random.nextInt(4); chunks > 0; chunks--) {
        int size = 1 + random.nextInt(20);
        in.append(Integer.toHexString(size));
        if (random.nextInt(4) == 0) {
          in.append(";n=v;q=\"a\\\"b\"");
        }
        in.append("\r\n").append("d".repeat(size)).append("\r\n");
      }
      in.append("0\r\n\r\nREST");
      for (int n = random.nextInt(3); n > 0; n--) {
        int at = random.nextInt(in.length());
        switch (random.nextInt(3)) {
          case 0 -> in.insert(at, pieces[random.nextInt(pieces.length)]);
          case 1 -> in.deleteCharAt(at);
          default -> in.setCharAt(at, (char) random.nextInt(256));
        }
      }
      String text = in.toString();
      String expected = reference(text);
      assertThat(decode(text, null)).as(text).isEqualTo(expected);
      assertThat(decode(text, random)).as(text).isEqualTo(expected);
      whole += expected == null ? 0 : 1;
    }
    assertThat(whole).as("mutations that are still messages").isGreaterThan(5_000);
  }

  @Test
  void takesSizesUpToFifteenDigits() {
    assertThat(decode("000000000000003\r\nabc\r\n0\r\n", null)).isEqualTo("abc|");
    assertThat(decode("0000000000000003\r\nabc\r\n0\r\n", null)).isNull();
  }
}
