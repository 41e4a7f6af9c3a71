// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import io.selvage.proxy.http.HeaderBlock;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 7541 appendix C, hostile blocks, and seeded comparison with Netty's coder both ways. */
class HpackTest {
  private final HpackDecoder decoder = new HpackDecoder();

  private List<String> decode(String hex) throws Http2Violation {
    return decode(HexFormat.of().parseHex(hex.replace(" ", "")));
  }

  private List<String> decode(byte[] block) throws Http2Violation {
    var fields = new ArrayList<String>();
    decoder.decode(
        block,
        0,
        block.length,
        (line, nameLength, valueLength, id, kind, field) ->
            fields.add(
                new String(line, 0, nameLength + 2 + valueLength, StandardCharsets.ISO_8859_1)));
    return fields;
  }

  @Test
  void decodesRequestsOfAppendixC3WithoutHuffman() throws Exception {
    assertThat(decode("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"))
        .containsExactly(
            ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com");
    assertThat(decode("8286 84be 5808 6e6f 2d63 6163 6865"))
        .containsExactly(
            ":method: GET",
            ":scheme: http",
            ":path: /",
            ":authority: www.example.com",
            "cache-control: no-cache");
    assertThat(decode("8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65"))
        .containsExactly(
            ":method: GET",
            ":scheme: https",
            ":path: /index.html",
            ":authority: www.example.com",
            "custom-key: custom-value");
  }

  @Test
  void decodesRequestsOfAppendixC4WithHuffman() throws Exception {
    assertThat(decode("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"))
        .contains(":authority: www.example.com");
    assertThat(decode("8286 84be 5886 a8eb 1064 9cbf")).contains("cache-control: no-cache");
    assertThat(decode("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"))
        .contains("custom-key: custom-value");
  }

  @Test
  void evictsAsInAppendixC6() throws Exception {
    // The appendix assumes a table of 256 octets.
    decode("3fe101");
    decode(
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b"
            + "ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3");
    assertThat(decode("4883 640e ffc1 c0bf"))
        .containsExactly(
            ":status: 307",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com");
    assertThat(
            decode(
                "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab"
                    + "77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5"
                    + "291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07"))
        .contains(
            "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "80", // index 0
        "be", // dynamic entry that does not exist
        "ffffffffff0f", // index beyond any table
        "0005", // name cut off
        "000161", // value missing
        "0001617f", // length cut off
        "82 3fe11f", // table size after a field
        "3fe21f", // table size 4097
        "0081ff0161", // Huffman: eight bits of padding
        "00811c", // value missing after Huffman name
        "0085fffffffffc0161" // EOS inside
      })
  void refusesBrokenBlocks(String hex) {
    assertThatThrownBy(() -> decode(hex))
        .isInstanceOfSatisfying(
            Http2Violation.class, v -> assertThat(v.code()).isEqualTo(Http2.COMPRESSION_ERROR));
  }

  @Test
  void acceptsTableSizeOfExactly4096() throws Exception {
    assertThat(decode("3fe11f 82")).containsExactly(":method: GET");
  }

  @Test
  void neverThrowsAnythingElseOnRandomBytes() {
    var random = new Random(20261121);
    for (int i = 0; i < 100_000; i++) {
      byte[] block = new byte[random.nextInt(60)];
      random.nextBytes(block);
      try {
        decode(block);
      } catch (Http2Violation expected) {
        assertThat(expected.code()).isEqualTo(Http2.COMPRESSION_ERROR);
      }
    }
  }

  @Test
  void readsWhatNettyWrites() throws Exception {
    var random = new Random(7);
    var theirs = new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.NEVER_SENSITIVE, false, 16, 0);
    for (int i = 0; i < 3_000; i++) {
      List<String[]> fields = randomFields(random);
      Http2Headers headers = new DefaultHttp2Headers(false);
      var expected = new ArrayList<String>();
      for (String[] f : fields) {
        headers.add(f[0], f[1]);
      }
      headers.forEach(e -> expected.add(e.getKey() + ": " + e.getValue()));
      ByteBuf out = Unpooled.buffer();
      theirs.encodeHeaders(1, headers, out);
      byte[] block = new byte[out.readableBytes()];
      out.readBytes(block);
      assertThat(decode(block)).isEqualTo(expected);
    }
  }

  @Test
  void writesWhatNettyReads() throws Exception {
    var random = new Random(8);
    var ours = new HpackEncoder();
    var theirs = new DefaultHttp2HeadersDecoder(false, 1 << 20);
    for (int i = 0; i < 3_000; i++) {
      if (i % 500 == 250) {
        // Shrinks and grows between blocks: both sizes must be announced.
        ours.setPeerTableSize(random.nextInt(200));
        ours.setPeerTableSize(random.nextInt(5_000));
      }
      List<String[]> fields = randomFields(random);
      var block = new HeaderBlock();
      for (String[] f : fields) {
        block.add(random.nextBoolean() ? f[0] : f[0].toUpperCase(java.util.Locale.ROOT), f[1]);
      }
      ours.begin();
      ours.status(200 + random.nextInt(300));
      for (int k = 0; k < block.count(); k++) {
        ours.field(block, k);
      }
      Http2Headers got =
          theirs.decodeHeaders(1, Unpooled.wrappedBuffer(ours.array(), 0, ours.length()));
      var seen = new ArrayList<String>();
      got.forEach(e -> seen.add(e.getKey() + ": " + e.getValue()));
      var expected = new ArrayList<String>();
      fields.forEach(f -> expected.add(f[0] + ": " + f[1]));
      assertThat(seen.subList(1, seen.size())).containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  @Test
  void indexesAFieldOnItsSecondUse() {
    var encoder = new HpackEncoder();
    int[] sizes = new int[3];
    for (int i = 0; i < 3; i++) {
      encoder.begin();
      encoder.field("x-team", "blue-and-green");
      sizes[i] = encoder.length();
    }
    assertThat(sizes[0]).isEqualTo(sizes[1]).isGreaterThan(20);
    assertThat(sizes[2]).isEqualTo(1);
  }

  @Test
  void neverIndexesCredentials() {
    var encoder = new HpackEncoder();
    for (int i = 0; i < 3; i++) {
      encoder.begin();
      encoder.field("authorization", "Bearer x");
      assertThat(encoder.array()[0] & 0xf0).isEqualTo(0x10);
      assertThat(encoder.length()).isGreaterThan(8);
    }
  }

  private static List<String[]> randomFields(Random random) {
    String[] names = {
      "accept",
      "x-request-id",
      "cache-control",
      "server",
      "cookie",
      "x-a",
      "content-type",
      "vary",
      "authorization",
      "date",
      "grpc-status",
      "x-long-name-that-nobody-indexes"
    };
    var fields = new ArrayList<String[]>();
    int n = random.nextInt(12);
    for (int i = 0; i < n; i++) {
      var value = new StringBuilder();
      int length = random.nextInt(10) == 0 ? random.nextInt(3_000) : random.nextInt(20);
      boolean repeat = random.nextBoolean();
      for (int k = 0; k < length; k++) {
        value.append((char) (repeat ? 'a' + length % 26 : 0x20 + random.nextInt(0xe0)));
      }
      String text = value.toString().replace('\u007f', 'x').strip();
      fields.add(new String[] {names[random.nextInt(names.length)], text});
    }
    return fields;
  }
}
