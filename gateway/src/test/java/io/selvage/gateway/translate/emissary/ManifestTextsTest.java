// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.kube.IntOrString;
import io.selvage.model.routing.HeaderEdits.Fact;
import io.selvage.model.routing.HeaderEdits.ValuePart;
import io.selvage.model.routing.HostPattern;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The small languages inside manifests: durations, globs, services, operators, address ranges. */
class ManifestTextsTest {
  @ParameterizedTest
  @CsvSource({"0,0", "250ms,250", "1.5s,1500", "1h30m,5400000", "1ns,1", "24h,86400000"})
  void readsDurations(String text, long millis) {
    assertThat(DurationText.millis(text)).isEqualTo(OptionalLong.of(millis));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "-1s", "1 s", "s", "1s x", "soon", "24h1ms", "1e9h"})
  void rejectsWhatIsNoDuration(String text) {
    assertThat(DurationText.millis(text)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "*,*",
    "A.Example.com,a.example.com",
    "a.example.com.,a.example.com",
    "a.example.com:8443,a.example.com",
    "*.example.com,*.example.com",
    "api*,api*",
    "*x,*x"
  })
  void readsHostGlobs(String text, String pattern) {
    assertThat(HostGlob.parse(text).map(HostPattern::toString)).contains(pattern);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "**", "a*b", "*a*", "a b", "a/b", ":80", "*."})
  void rejectsWhatIsNoHostGlob(String text) {
    assertThat(HostGlob.parse(text)).isEmpty();
  }

  @Test
  void boundsTheLengthOfANameAtTwoHundredAndFiftyThree() {
    assertThat(HostGlob.parse("a".repeat(253))).isPresent();
    assertThat(HostGlob.parse("a".repeat(254))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "*,a.b,true",
    "a.b,a.b,true",
    "a.b,a.c,false",
    "*.b,a.b,true",
    "*.b,b,false",
    "*.b,*.a.b,true",
    "*.b,*.c,false",
    "a*,ab*,true",
    "a*,b*,false",
    "a*,*.z,true",
    "a*,a,false"
  })
  void findsGlobsCompatibleIfSomeNameMatchesBoth(String a, String b, boolean expected) {
    var one = HostGlob.parse(a).orElseThrow();
    var other = HostGlob.parse(b).orElseThrow();
    assertThat(HostGlob.compatible(one, other)).isEqualTo(expected);
    assertThat(HostGlob.compatible(other, one)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "*,*.b,true",
    "*.b,*.a.b,true",
    "*.a.b,*.b,false",
    "*.b,a.b,true",
    "a*,ab*,true",
    "*.b,a*,false",
    "a.b,*.b,false"
  })
  void findsGlobsCoveredIfEveryNameMatches(String wide, String narrow, boolean expected) {
    assertThat(
            HostGlob.covers(
                HostGlob.parse(wide).orElseThrow(), HostGlob.parse(narrow).orElseThrow()))
        .isEqualTo(expected);
  }

  @Test
  void quotesGlobsAsExpressions() {
    var suffix = com.google.re2j.Pattern.compile(HostGlob.regex(HostPattern.suffix(".a.com")));
    assertThat(suffix.matches("x.a.com")).isTrue();
    assertThat(suffix.matches(".a.com")).isFalse();
    assertThat(suffix.matches("x.aXcom")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "svc,'',svc,",
    "svc:8080,'',svc,8080",
    "svc:http,'',svc,http",
    "HTTPS://Svc.Ns:443,https,svc.ns,443",
    "http://[2001:db8::1]:81,http,2001:db8::1,81",
    "a.b.c.,'',a.b.c,"
  })
  void readsServices(String text, String scheme, String host, String port) {
    var url = ServiceUrl.parse(text).orElseThrow();
    assertThat(url.scheme()).isEqualTo(scheme);
    assertThat(url.host()).isEqualTo(host);
    assertThat(url.port()).isEqualTo(Optional.ofNullable(port).map(IntOrString::of));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "http://", "a b", "a:0", "a:65536", "a:123456", "a..b", "[::1", "a@b"})
  void rejectsMalformedServices(String text) {
    assertThat(ServiceUrl.parse(text)).isEmpty();
  }

  @Test
  void acceptsTheLastPort() {
    assertThat(ServiceUrl.parse("a:65535")).isPresent();
  }

  @Test
  void takesHeaderTextsApart() throws HeaderText.Rejected {
    assertThat(HeaderText.parse("a %PROTOCOL% 100%% %REQ(X-One)%"))
        .containsExactly(
            new ValuePart.Literal("a "),
            new ValuePart.Variable(Fact.PROTOCOL),
            new ValuePart.Literal(" 100% "),
            new ValuePart.RequestHeader("x-one"));
    assertThat(HeaderText.parse("")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"%", "50%", "%NOSUCH%", "%REQ(:path)%", "%REQ(a?b)%", "%START_TIME(%s)%"})
  void rejectsOperatorsItDoesNotKnow(String text) {
    assertThatThrownBy(() -> HeaderText.parse(text)).isInstanceOf(HeaderText.Rejected.class);
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8,true",
    "10.0.0.1,true",
    "2001:db8::/32,true",
    "::1,true",
    "10.0.0.0/33,false",
    "2001:db8::/129,false",
    "256.0.0.1,false",
    "example.com,false",
    "10.0.0.0/,false"
  })
  void knowsAddressRanges(String text, boolean expected) {
    assertThat(CidrText.isValid(text)).isEqualTo(expected);
  }
}
