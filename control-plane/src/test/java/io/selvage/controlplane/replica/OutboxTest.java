// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OutboxTest {
  private final Outbox outbox = new Outbox();

  @Test
  void whatWaitsIsBoundedByItsWeight() {
    assertThat(outbox.reserve(Outbox.MAX_WEIGHT - 1)).isTrue();
    outbox.add(Outbox.MAX_WEIGHT - 1, true, request -> {});
    assertThat(outbox.reserve(1)).isTrue();
    assertThat(outbox.reserve(1)).isFalse();
    outbox.release(1);
    assertThat(outbox.reserve(2)).isFalse();
    assertThat(outbox.reserve(1)).isTrue();
    outbox.add(1, false, request -> {});

    outbox.force(request -> {});
    assertThat(outbox.size()).as("who is gone is told all the same").isEqualTo(3);
    assertThat(outbox.clear()).as("reports lost").isEqualTo(1);
    assertThat(outbox.size()).isZero();
    assertThat(outbox.reserve(Outbox.MAX_WEIGHT)).isTrue();
    assertThat(outbox.reserve(1)).isFalse();
  }
}
