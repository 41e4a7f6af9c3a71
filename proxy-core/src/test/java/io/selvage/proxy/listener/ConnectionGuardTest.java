// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ConnectionGuardTest {
  private static final String LIMITS =
      """
      Limit                     Soft Limit           Hard Limit           Units
      Max processes             95827                95827                processes
      Max open files            %s524288               files
      Max locked memory         8388608              8388608              bytes
      """;

  @Test
  void takesTheSoftLimitOfDescriptors() {
    assertThat(ConnectionGuard.descriptorLimit(LIMITS.formatted("1024                 ")))
        .isEqualTo(1024);
  }

  @Test
  void takesNoMoreThanAnInt() {
    assertThat(ConnectionGuard.descriptorLimit(LIMITS.formatted("2147483648           ")))
        .isEqualTo(Integer.MAX_VALUE);
    assertThat(ConnectionGuard.descriptorLimit(LIMITS.formatted("99999999999999999999 ")))
        .isEqualTo(Integer.MAX_VALUE);
    assertThat(ConnectionGuard.descriptorLimit(LIMITS.formatted("unlimited            ")))
        .isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void assumesFewWhereTheSystemDoesNotSay() {
    assertThat(ConnectionGuard.descriptorLimit("")).isEqualTo(1024);
    assertThat(ConnectionGuard.descriptorLimit("Max open files")).isEqualTo(1024);
    assertThat(ConnectionGuard.descriptorLimit(LIMITS.formatted("none "))).isEqualTo(1024);
  }
}
