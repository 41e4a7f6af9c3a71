// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegexTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "((a{1000}){1000}){1000}",
        "((a{1000}){100}){10}",
        "(((a{9,100}){9,100}){,9}){99}",
        "((a{100,}){100,}){100,}",
        "(a{1000}){2",
        "(\\p{Greek}{1000}){1000}",
        "([^]a]{1000}){1000}",
        "a{999}b{999}",
      })
  void refusesExpressionsThatGrowBeyondBounds(String expression) {
    assertThatThrownBy(() -> Regex.compile(expression, true)).isInstanceOf(BadRouteException.class);
  }

  @Test
  void limitsTheProgramExactly() {
    // One instruction per letter and two around them.
    String longest = "a".repeat(Regex.MAX_PROGRAM_SIZE - 2);

    assertThat(Regex.compile(longest, true).pattern().programSize())
        .isEqualTo(Regex.MAX_PROGRAM_SIZE);
    assertThatThrownBy(() -> Regex.compile(longest + "a", true))
        .isInstanceOf(BadRouteException.class)
        .extracting(e -> ((BadRouteException) e).reason())
        .isEqualTo("RegexTooLarge");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/v[0-9]{1,3}/[^/]{1,64}",
        "a{b",
        "a{,3}",
        "[[:alpha:]]+",
        "\\Qa{5}\\E",
        "(?P<name>x)",
        "(?i:x|y)*",
        "\\x{41}{2}",
      })
  void acceptsOrdinaryOnes(String expression) {
    assertThat(Regex.compile(expression, true)).isNotNull();
  }

  @ParameterizedTest(name = "{0} begins with {1}")
  @CsvSource(
      delimiter = ' ',
      value = {
        "/api/.* /api/",
        "^/api$ /api",
        "/a\\.b /a.b",
        "/ab* /a",
        "/ab+ /ab",
        "/ab? /a",
        "/ab{0} /a",
        "/a(b|c) /a",
        "/a(b)* /a",
        "/a|/b ''",
        "/a[|]b /a",
        "/a\\|b /a|b",
        "/a\\d /a",
        "(?i)/a ''",
        ".* ''",
        "/a\\Qb|c\\E ''",
        "/(a|b)|c ''",
        "* ''",
      })
  void findsTheTextAnExpressionMustBeginWith(String expression, String literal) {
    assertThat(LiteralPrefix.of(expression)).isEqualTo(literal);
  }
}
