// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static io.selvage.proxy.route.Routes.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.routing.Affinity;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Hash64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AffinityKeyTest {
  private static final AffinityKey COOKIE =
      new AffinityKey(new Affinity.Cookie("sid", "/shop", 60));

  @ParameterizedTest(name = "{0} is {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "Cookie: sid=abc | abc",
        "cookie: a=1; sid=abc; b=2 | abc",
        "Cookie: a=1;sid=abc | abc",
        "Cookie: sid= | ''",
        "Cookie: xsid=abc | none",
        "Cookie: sid2=abc | none",
        "Cookie: a=sid=abc | none",
        "Cookie: sid | none",
        "Cookie: SID=abc | none",
        "X: sid=abc | none",
        "Cookie: sid=a=b | a=b",
      })
  void findsTheCookie(String line, String value) {
    assertThat(COOKIE.hash(get("/", line), "c"))
        .isEqualTo(value.equals("none") ? Cluster.NO_HASH : Hash64.of(value));
  }

  @Test
  void looksIntoEveryCookieField() {
    assertThat(COOKIE.hash(get("/", "Cookie: a=1", "Cookie: sid=x"), "c"))
        .isEqualTo(Hash64.of("x"));
  }

  @Test
  void makesACookieWhoseNextRequestHasTheSameHash() {
    String value = COOKIE.newCookieValue();
    assertThat(value).isNotNull().matches("[0-9a-f]{2,32}").isNotEqualTo(COOKIE.newCookieValue());

    assertThat(COOKIE.setCookie(value))
        .isEqualTo("sid=" + value + "; Max-Age=60; Path=/shop; HttpOnly");
    assertThat(COOKIE.hash(get("/", "Cookie: sid=" + value), "c")).isEqualTo(COOKIE.hashOf(value));
  }

  @Test
  void setsASessionCookieForAZeroTtlAndNoneForMinusOne() {
    var session = new AffinityKey(new Affinity.Cookie("s", "", 0));
    assertThat(session.setCookie("v")).isEqualTo("s=v; HttpOnly");
    assertThat(new AffinityKey(new Affinity.Cookie("s", "", -1)).newCookieValue()).isNull();
    assertThat(new AffinityKey(new Affinity.Header("s")).newCookieValue()).isNull();
  }

  @Test
  void hashesHeaderOrSourceAddress() {
    var header = new AffinityKey(new Affinity.Header("x-user"));
    assertThat(header.hash(get("/", "X-User: u"), "c")).isEqualTo(Hash64.of("u"));
    assertThat(header.hash(get("/"), "c")).isEqualTo(Cluster.NO_HASH);
    assertThat(new AffinityKey(new Affinity.SourceAddress()).hash(get("/"), "10.0.0.1"))
        .isEqualTo(Hash64.of("10.0.0.1"));
    assertThat(new AffinityKey(new Affinity.None()).hash(get("/"), "c")).isEqualTo(Cluster.NO_HASH);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a;b", "a=b", "a\r\n", "\u00e9"})
  void refusesNamesThatNoCookieMayHave(String name) {
    assertThatThrownBy(() -> new AffinityKey(new Affinity.Cookie(name, "", 0)))
        .isInstanceOf(BadRouteException.class);
  }

  @Test
  void refusesAPathThatWouldAddAttributes() {
    assertThatThrownBy(() -> new AffinityKey(new Affinity.Cookie("a", "/; Domain=x", 0)))
        .isInstanceOf(BadRouteException.class);
  }
}
