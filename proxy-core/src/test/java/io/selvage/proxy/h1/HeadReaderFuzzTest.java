// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.Settings.Underscores;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The head reader gives one answer however the bytes arrive, and an answer whatever they are. */
class HeadReaderFuzzTest {
  private static final InetSocketAddress LOCAL = new InetSocketAddress("127.0.0.1", 80);
  private static final List<String> SEEDS =
      List.of(
          "GET /a/b?c=d HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n",
          "POST /up HTTP/1.1\r\nHost: a:80\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n",
          "PUT / HTTP/1.1\r\nhost: [::1]:80\r\ntransfer-encoding: chunked\r\n\r\n",
          "\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: x-a, close\r\nX-A: 1\r\n\r\n",
          "GET http://a/b HTTP/1.1\r\nHost: a\r\nX_Y: z\r\nX-Empty:\r\nX-Tab:\t v \t\r\n\r\n",
          "GET / HTTP/1.0\r\n\r\n",
          "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");

  /** What became of some bytes: everything that could differ, in one text. */
  private static String read(String bytes, int... cuts) {
    var head = new RequestHead();
    var reader = new RequestHeadReader(head);
    reader.reset(head.headers(), true, 200, 400, 10, Underscores.DROP);
    int from = 0;
    int consumed = 0;
    boolean done = false;
    for (int i = 0; i <= cuts.length && !done; i++) {
      int to = i < cuts.length ? cuts[i] : bytes.length();
      ByteBuf in = Unpooled.copiedBuffer(bytes.substring(from, to), StandardCharsets.ISO_8859_1);
      done = reader.read(in);
      consumed += to - from - in.readableBytes();
      from = to;
      in.release();
    }
    if (!done) {
      return "more";
    }
    if (reader.error() != null) {
      return "error " + reader.error();
    }
    Rejection rejection = new RequestFraming(false).check(head, reader, Settings.defaults(), LOCAL);
    return consumed
        + " "
        + head.method()
        + ' '
        + head.target()
        + ' '
        + head.version()
        + ' '
        + head.authority()
        + ' '
        + head.contentLength()
        + ' '
        + head.isBodyExpected()
        + ' '
        + head.upgrade()
        + ' '
        + rejection
        + '\n'
        + head.headers();
  }

  @Test
  void readsTheSameHeadHoweverItIsCut() {
    for (String seed : SEEDS) {
      String bytes = seed + "BODY";
      String whole = read(bytes);
      assertThat(whole).startsWith(seed.length() + " ");
      for (int cut = 0; cut <= bytes.length(); cut++) {
        assertThat(read(bytes, cut)).as("cut at %d of %s", cut, seed).isEqualTo(whole);
      }
      int[] everywhere = new int[bytes.length()];
      for (int i = 0; i < everywhere.length; i++) {
        everywhere[i] = i;
      }
      assertThat(read(bytes, everywhere)).isEqualTo(whole);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void answersEveryMutationAlikeHoweverItIsCut(long seedNumber) {
    var random = new Random(seedNumber);
    String[] pieces = {
      "\r",
      "\n",
      "\r\n",
      " ",
      "\t",
      "\0",
      ":",
      ",",
      ";",
      "\u007f",
      "\u00ff",
      "_",
      "#",
      "%00",
      "%2f",
      "Host: a\r\n",
      "Content-Length: 1\r\n",
      "Transfer-Encoding: chunked\r\n",
      " HTTP/1.1",
      "x".repeat(300)
    };
    for (int round = 0; round < 5_000; round++) {
      var bytes = new StringBuilder(SEEDS.get(random.nextInt(SEEDS.size())));
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        int at = random.nextInt(bytes.length() + 1);
        if (at == bytes.length()) {
          continue;
        }
        switch (random.nextInt(4)) {
          case 0 -> bytes.setCharAt(at, (char) random.nextInt(256));
          case 1 -> bytes.deleteCharAt(at);
          case 2 -> bytes.insert(at, pieces[random.nextInt(pieces.length)]);
          default -> bytes.setLength(Math.max(1, at));
        }
      }
      // Ended, because a cut may delay the verdict on a line until the line's end.
      String text = bytes + "\r\n\r\n";
      String whole = read(text);
      int cut = random.nextInt(text.length() + 1);
      String apart = read(text, cut);
      // A head that breaks two rules may be refused for either, but it is refused.
      if (whole.startsWith("error")) {
        assertThat(apart).as(text).startsWith("error");
      } else {
        assertThat(apart).as(text).isEqualTo(whole);
      }
    }
  }

  @Test
  void neverForwardsAByteThatCouldEndALine() {
    var random = new Random(7);
    for (int round = 0; round < 20_000; round++) {
      byte[] junk = new byte[1 + random.nextInt(30)];
      random.nextBytes(junk);
      String value = new String(junk, StandardCharsets.ISO_8859_1);
      var head = new RequestHead();
      var reader = new RequestHeadReader(head);
      reader.reset(head.headers(), true, 200, 400, 10, Underscores.DROP);
      ByteBuf in =
          Unpooled.copiedBuffer(
              "GET / HTTP/1.1\r\nHost: a\r\nX: " + value + "\r\n\r\n", StandardCharsets.ISO_8859_1);
      boolean done = reader.read(in);
      in.release();
      if (!done || reader.error() != null) {
        continue;
      }
      for (int i = 0; i < head.headers().count(); i++) {
        assertThat(head.headers().name(i)).matches("[!#$%&'*+.^`|~0-9A-Za-z_-]+");
        assertThat(head.headers().value(i)).matches("[\\t\\x20-\\x7e\\x80-\\xff]*");
      }
    }
  }
}
