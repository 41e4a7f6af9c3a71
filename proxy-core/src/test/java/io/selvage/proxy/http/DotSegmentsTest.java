// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DotSegmentsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/.",
        "/..",
        "/../a",
        "/a/.",
        "/a/..",
        "/a/../b",
        "//..",
        "/..?q",
        "/a/..#f",
        "/..;p/a",
        "/a/.;p",
        "/..%3bp",
        "/%2e%2E/a",
        "/.%2e",
        "/..%2Fa",
        "/a%2f..",
        "/a%5C..%5Cb",
        "/..%5c"
      })
  void findsADotSegmentHoweverItIsWritten(String target) {
    assertThat(DotSegments.isIn(target)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/a",
        "//a",
        "/a.",
        "/a..",
        "/.a",
        "/..a",
        "/...",
        "/a.b/c",
        "/a?b=/../c",
        "/a#/../b",
        "/a;../b",
        "/%2e%2e%2e",
        "/%252e%252e/a",
        "/a%20/.b",
        "/%",
        "/%2",
        "/a%2Fb",
        "*"
      })
  void leavesOtherNamesWithDotsAlone(String target) {
    assertThat(DotSegments.isIn(target)).isFalse();
  }
}
