// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.Settings;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTargetParserTest {
  private final RequestTargetParser parser = new RequestTargetParser();

  @ParameterizedTest(name = "{0} becomes {1}")
  @CsvSource(
      delimiter = ' ',
      value = {
        // clean ones stay as they are
        "/ /",
        "/a /a",
        "/a/ /a/",
        "/a/b.c/d /a/b.c/d",
        "/.well-known/x /.well-known/x",
        "/... /...",
        "/a... /a...",
        "/a..b /a..b",
        "/.a /.a",
        "/..a /..a",
        "/a;b=1/c /a;b=1/c",
        "/a:b@c!$&'()*+,;=-._~ /a:b@c!$&'()*+,;=-._~",
        "/a|b[c]^d\"<>`{} /a|b[c]^d\"<>`{}",
        // dot segments, RFC 3986 section 5.2.4
        "/a/../b /b",
        "/a/./b /a/b",
        "/a/b/.. /a/",
        "/a/b/. /a/b/",
        "/.. /",
        "/. /",
        "/../../a /a",
        "/a/b/c/./../../g /a/g",
        "/a//../b /a/b",
        "/a/..//b /b",
        // escapes of dots are dots
        "/a/%2e%2e/b /b",
        "/a/%2E./b /b",
        "/a/.%2e/b /b",
        "/%2e%2e%2e /...",
        "/a/%2e /a/",
        // other escapes: unreserved are decoded, the rest gets upper-case digits
        "/%41%7e%2D%5f /A~-_",
        "/a%20b /a%20b",
        "/caf%c3%a9 /caf%C3%A9",
        "/a%2bb /a%2Bb",
        "/%252e%252e/a /%252e%252e/a",
        "/a%3fb /a%3Fb",
        // escaped slashes are kept where no dot segment is near
        "/a%2fb /a%2Fb",
        "/a%5Cb /a%5Cb",
        "/a%2f..b /a%2F..b",
        "/a%2fb/./c /a%2Fb/c",
        // double slashes
        "//a /a",
        "/a//b///c /a/b/c",
        "/a// /a/",
      })
  void normalisesPaths(String raw, String expected) {
    assertThat(reject(raw, "GET")).isNull();
    assertThat(parser.target().path()).isEqualTo(expected);
    assertThat(parser.target().hasQuery()).isFalse();
    assertThat(parser.isAbsolute()).isFalse();
  }

  @ParameterizedTest(name = "{0} is {1}")
  @CsvSource(
      delimiter = ' ',
      value = {
        "a bad_target_scheme",
        "example.com:80 bad_target_scheme",
        "?a bad_target_scheme",
        "* bad_target_form",
        "*a bad_target_scheme",
        "/a#frag target_fragment",
        "/a?b#frag target_fragment",
        "/a\\b target_backslash",
        "/a%00b target_nul",
        "/%00 target_nul",
        "/% target_bad_escape",
        "/%2 target_bad_escape",
        "/%zz target_bad_escape",
        "/%2g target_bad_escape",
        "/%%34%31 target_bad_escape",
        "/a%?b target_bad_escape",
        "/a/..%2fb target_hidden_dot_segment",
        "/a/%2f../b target_hidden_dot_segment",
        "/a/%2e%2e%2Fb target_hidden_dot_segment",
        "/a%2f.. target_hidden_dot_segment",
        "/a/%5c../b target_hidden_dot_segment",
        "/a/..%5Cb target_hidden_dot_segment",
        "/a%2f.%2fb target_hidden_dot_segment",
        "/a%2fb/../c target_hidden_dot_segment",
        "/..;/a target_hidden_dot_segment",
        "/a/..;x=1/b target_hidden_dot_segment",
        "/a/.;/b target_hidden_dot_segment",
        "/a/%2e%2e;/b target_hidden_dot_segment",
        "/a/..%3b/b target_hidden_dot_segment",
        "/a/..%3B target_hidden_dot_segment",
        "ftp://a/b bad_target_scheme",
        "http:/a/b bad_target_scheme",
        "http:///b bad_target_form",
        "http://h/a#f target_fragment",
        "http://h#f target_fragment",
        "http://h?a#f target_fragment",
      })
  void refusesWhatCouldBeReadInTwoWays(String raw, String reason) {
    Rejection rejection = reject(raw, "GET");

    assertThat(rejection).isEqualTo(new Rejection(400, reason, true));
  }

  @Test
  void refusesControlsSpacesAndHighBytesInPathAndQuery() {
    for (int c = 0; c < 256; c++) {
      if (c > ' ' && c < 0x7f) {
        continue;
      }
      char bad = (char) c;
      for (String raw : new String[] {"/a" + bad, "/" + bad + "b", "/a?b" + bad, "/a?" + bad}) {
        assertThat(reject(raw, "GET")).as("byte %d in %s", c, raw).isNotNull();
      }
    }
  }

  @Test
  void refusesAnEmptyTarget() {
    assertThat(reject("", "GET")).isEqualTo(Rejection.bad("bad_target_form"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "/a?b=c b=c",
        "/a?b=c?d b=c?d",
        "/a?%zz/../%2f %zz/../%2f",
        "/a?x=\\&y=//z x=\\&y=//z",
      })
  void keepsTheQueryAsReceived(String raw, String query) {
    assertThat(reject(raw, "GET")).isNull();
    assertThat(parser.target()).isEqualTo(new RequestTarget("/a", query, true));
  }

  @Test
  void tellsAnEmptyQueryFromNone() {
    assertThat(reject("/a?", "GET")).isNull();
    assertThat(parser.target()).isEqualTo(new RequestTarget("/a", "", true));
    assertThat(parser.target()).hasToString("/a?");
  }

  @Test
  void acceptsTheAsteriskForOptionsOnly() {
    assertThat(reject("*", "OPTIONS")).isNull();
    assertThat(parser.target()).isEqualTo(new RequestTarget("*", "", false));
    assertThat(reject("*", "options")).isNotNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "http://example.com/a?b example.com /a?b",
        "HTTPS://Example.com:8443/a Example.com:8443 /a",
        "http://example.com example.com /",
        "http://example.com?x example.com /?x",
        "http://user@h/a user@h /a",
        "http://[::1]:80/a/../b [::1]:80 /b",
      })
  void splitsAbsoluteForms(String raw, String authority, String target) {
    assertThat(reject(raw, "GET")).isNull();
    assertThat(parser.isAbsolute()).isTrue();
    assertThat(raw.substring(parser.authorityFrom(), parser.authorityTo())).isEqualTo(authority);
    assertThat(parser.target()).hasToString(target);
  }

  @Test
  void readsOptionsOfAWholeServerFromAnAbsoluteForm() {
    assertThat(reject("http://h", "OPTIONS")).isNull();
    assertThat(parser.target().path()).isEqualTo("*");
  }

  @Test
  void refusesAbsoluteFormsWhereTheyAreNotAllowed() {
    byte[] raw = "http://h/a".getBytes(ISO_8859_1);

    assertThat(parser.parse(raw, 0, raw.length, "GET", false, Settings.defaults()))
        .isEqualTo(Rejection.bad("bad_target_form"));
  }

  @Test
  void forgetsThatTheLastTargetWasAbsolute() {
    assertThat(reject("http://h/a", "GET")).isNull();
    assertThat(reject("/a", "GET")).isNull();
    assertThat(parser.isAbsolute()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {"//a //a", "/a//b///c /a//b///c", "/a//../b /a/b", "/a//. /a//", "/%41// /A//"})
  void keepsDoubleSlashesWhenNotToldToMergeThem(String raw, String expected) {
    assertThat(reject(raw, "GET", settings(false, false))).isNull();
    assertThat(parser.target().path()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a%2fb", "/a%2Fb", "/a%5cb", "/%5C", "/%2f"})
  void refusesEscapedSlashesWhenToldTo(String raw) {
    assertThat(reject(raw, "GET", settings(true, true)))
        .isEqualTo(Rejection.bad("target_escaped_slash"));
    assertThat(reject(raw, "GET", settings(true, false))).isNull();
  }

  @Test
  void parsesInTheMiddleOfABuffer() {
    byte[] line = "GET /a/%7Eb?c HTTP/1.1".getBytes(ISO_8859_1);

    assertThat(parser.parse(line, 4, 13, "GET", true, Settings.defaults())).isNull();

    assertThat(parser.target()).hasToString("/a/~b?c");
  }

  /** Seeded, so that a failure repeats. Every accepted target is a fixed point. */
  @Test
  void normalisingTwiceIsNormalisingOnce() {
    String[] pieces = {
      "/",
      "/",
      "//",
      ".",
      "..",
      "%2e",
      "%2E",
      "%2f",
      "%5c",
      ";",
      "%3b",
      "a",
      "B",
      "~",
      "%7e",
      "%41",
      "%25",
      "%252e",
      "%00",
      "%",
      "%zz",
      "\\",
      "?",
      "#",
      "x=1",
      " ",
      "\u00e9",
      "%c3%a9",
      "...",
      "http://h",
      ":",
      "@"
    };
    Random random = new Random(42);
    int accepted = 0;
    for (int round = 0; round < 300_000; round++) {
      var text = new StringBuilder(random.nextInt(20) == 0 ? "" : "/");
      for (int n = random.nextInt(9); n > 0; n--) {
        text.append(pieces[random.nextInt(pieces.length)]);
      }
      Settings settings = settings(random.nextBoolean(), random.nextInt(4) == 0);
      if (reject(text.toString(), "GET", settings) != null) {
        continue;
      }
      accepted++;
      RequestTarget once = parser.target();
      assertThat(reject(once.toString(), "GET", settings)).as("%s again", once).isNull();
      assertThat(parser.target()).as("from %s", text).isEqualTo(once);
      assertNothingHidden(once.path(), settings);
    }
    assertThat(accepted).isGreaterThan(50_000);
  }

  /** Bytes at random must be refused or normalised, never thrown at. */
  @Test
  void survivesRandomBytes() {
    Random random = new Random(7);
    for (int round = 0; round < 100_000; round++) {
      byte[] bytes = new byte[random.nextInt(24)];
      random.nextBytes(bytes);
      if (bytes.length > 0 && random.nextBoolean()) {
        bytes[0] = '/';
      }
      Rejection rejection = parser.parse(bytes, 0, bytes.length, "GET", true, Settings.defaults());
      if (rejection == null) {
        assertNothingHidden(parser.target().path(), Settings.defaults());
      }
    }
  }

  /** What a backend that decodes once, splits at both slashes and cuts parameters would see. */
  private static void assertNothingHidden(String path, Settings settings) {
    String decoded =
        path.replace("%2F", "/").replace("%5C", "/").replace("%3B", ";").replace("%2E", ".");
    for (String segment : decoded.split("/", -1)) {
      int semicolon = segment.indexOf(';');
      String name = semicolon < 0 ? segment : segment.substring(0, semicolon);
      assertThat(name).as("segment of %s", path).isNotIn(".", "..");
    }
    assertThat(path).matches("/[!-~&&[^\\\\#?]]*").doesNotContain("%00");
    if (settings.mergeSlashes()) {
      assertThat(path).doesNotContain("//");
    }
  }

  private @Nullable Rejection reject(String raw, String method) {
    return reject(raw, method, Settings.defaults());
  }

  private @Nullable Rejection reject(String raw, String method, Settings settings) {
    byte[] bytes = raw.getBytes(ISO_8859_1);
    return parser.parse(bytes, 0, bytes.length, method, true, settings);
  }

  private static Settings settings(boolean mergeSlashes, boolean rejectEscapedSlashes) {
    Settings d = Settings.defaults();
    return new Settings(
        d.serverName(),
        mergeSlashes,
        rejectEscapedSlashes,
        d.stripMatchingHostPort(),
        d.http10(),
        d.underscores(),
        d.preserveRequestId(),
        d.maxRequestHeaderBytes(),
        d.listenerIdleMillis(),
        Optional.empty(),
        Optional.empty());
  }
}
