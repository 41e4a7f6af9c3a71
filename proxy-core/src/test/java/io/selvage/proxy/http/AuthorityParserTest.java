// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuthorityParserTest {
  private final AuthorityParser parser = new AuthorityParser();

  @ParameterizedTest(name = "{0} is host {1} port {2}")
  @CsvSource(
      delimiter = ' ',
      value = {
        "example.com example.com -1",
        "EXAMPLE.Com example.com -1",
        "example.com:8080 example.com 8080",
        "example.com:1 example.com 1",
        "example.com:65535 example.com 65535",
        "example.com. example.com -1",
        "example.com.:80 example.com 80",
        "localhost localhost -1",
        "a_b-c.d a_b-c.d -1",
        "127.0.0.1:80 127.0.0.1 80",
        "[::1] ::1 -1",
        "[2001:DB8::1]:443 2001:db8::1 443",
        "[::ffff:1.2.3.4] ::ffff:1.2.3.4 -1",
      })
  void parsesHostAndPort(String raw, String host, int port) {
    assertThat(reject(raw)).isNull();
    assertThat(parser.host()).isEqualTo(host);
    assertThat(parser.port()).isEqualTo(port);
    assertThat(parser.authority()).isEqualTo(raw);
  }

  @ParameterizedTest(name = "{0} is {1}")
  @CsvSource(
      delimiter = ' ',
      value = {
        ". empty_host",
        ":80 empty_host",
        "a..b bad_host",
        ".a bad_host",
        "a.. bad_host",
        "a/b bad_host",
        "a?b bad_host",
        "a%2eb bad_host",
        "a,b bad_host",
        "*.a bad_host",
        "a\\b bad_host",
        "a@b host_userinfo",
        "a:b@c host_userinfo",
        "a@b:80 host_userinfo",
        "a:80:81 bad_host_port",
        "a: bad_host_port",
        "a:0 bad_host_port",
        "a:65536 bad_host_port",
        "a:000080 bad_host_port",
        "a:+80 bad_host_port",
        "a:8o bad_host_port",
        "[::1 bad_host",
        "[] bad_host",
        "[::1]x bad_host_port",
        "[::g] bad_host",
        "[fe80::1%25eth0] bad_host",
        "[fe80::1%eth0] bad_host",
        "[1.2.3.4] bad_host",
        "::1 bad_host_port",
      })
  void refusesAnythingElse(String raw, String reason) {
    assertThat(reject(raw)).isEqualTo(new Rejection(400, reason, true));
  }

  @Test
  void refusesEmptySpacesControlsAndHighBytes() {
    assertThat(reject("")).isEqualTo(Rejection.bad("empty_host"));
    for (int c = 0; c < 256; c++) {
      if (c > ' ' && c < 0x7f) {
        continue;
      }
      assertThat(reject("a" + (char) c + "b")).as("byte %d", c).isNotNull();
      assertThat(reject("a" + (char) c)).as("byte %d", c).isNotNull();
      assertThat(reject((char) c + "a")).as("byte %d", c).isNotNull();
    }
  }

  @Test
  void limitsTheNameTo253Characters() {
    String longest = "a".repeat(AuthorityParser.MAX_HOST_LENGTH);

    assertThat(reject(longest)).isNull();
    assertThat(reject(longest + ".:65535")).isNull();
    assertThat(reject(longest + "a")).isEqualTo(Rejection.bad("host_too_long"));
  }

  @Test
  void stripsOnlyTheMatchingPort() {
    assertThat(reject("a.b:8080", 8080)).isNull();
    assertThat(parser.authority()).isEqualTo("a.b");
    assertThat(reject("a.b:8081", 8080)).isNull();
    assertThat(parser.authority()).isEqualTo("a.b:8081");
    assertThat(reject("[::1]:8080", 8080)).isNull();
    assertThat(parser.authority()).isEqualTo("[::1]");
  }

  @Test
  void answersForTheValueGivenAndNotForTheOneBefore() {
    assertThat(reject("a.b:1")).isNull();
    assertThat(reject("a.b:1")).isNull();
    assertThat(reject("a.c:1")).isNull();
    assertThat(parser.host()).isEqualTo("a.c");
    assertThat(reject("a.c:1", 1)).isNull();
    assertThat(parser.authority()).isEqualTo("a.c");
    assertThat(reject("a@c:1")).isNotNull();
    assertThat(reject("a@c:1")).isNotNull();
    assertThat(reject("a.c")).isNull();
    assertThat(parser.port()).isEqualTo(-1);
  }

  @Test
  void survivesRandomBytesAndIsIdempotent() {
    Random random = new Random(11);
    String alphabet = "aB1.-_:[]@/%0 \u00e9";
    for (int round = 0; round < 200_000; round++) {
      var text = new StringBuilder();
      for (int n = random.nextInt(10); n > 0; n--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      if (reject(text.toString()) != null) {
        continue;
      }
      String host = parser.host();
      assertThat(host).as("of %s", text).matches("[a-z0-9._:-]+").doesNotEndWith("..");
      String again = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
      assertThat(reject(again)).isNull();
      assertThat(parser.host()).isEqualTo(host);
    }
  }

  private @Nullable Rejection reject(String raw) {
    return reject(raw, -1);
  }

  private @Nullable Rejection reject(String raw, int stripPort) {
    byte[] bytes = raw.getBytes(ISO_8859_1);
    return parser.parse(bytes, 0, bytes.length, stripPort);
  }
}
