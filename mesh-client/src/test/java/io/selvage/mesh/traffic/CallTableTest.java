// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.mesh.TrafficReport.Direction;
import org.junit.jupiter.api.Test;

class CallTableTest {
  private static final EdgeKey EDGE = EdgeKey.other(Direction.INBOUND);

  private final CallTable table = new CallTable();

  private void call(String path) {
    table.request(EDGE, "GET", path, true, 5);
  }

  @Test
  void manyPathsAreCountedByTheirFirstSegment() {
    for (int i = 0; i < CallTable.EXACT; i++) {
      call("/items/" + i);
    }
    assertThat(table.size()).isEqualTo(CallTable.EXACT);
    call("/items/one-more");
    call("/items/two-more");
    assertThat(table.size()).isEqualTo(CallTable.EXACT + 1);
    assertThat(table.top(1).getFirst().path()).isEqualTo("/items/*");
    assertThat(table.top(1).getFirst().count()).isEqualTo(2);
  }

  @Test
  void noMoreThanTheMostAreKept() {
    for (int i = 0; i < CallTable.MAX; i++) {
      call("/" + i + "/x");
    }
    assertThat(table.size()).isEqualTo(CallTable.MAX);
    call("/another/x");
    assertThat(table.size()).isEqualTo(CallTable.MAX);
  }

  @Test
  void longPathsAndMethodsAreShortened() {
    call("/" + "x".repeat(CallTable.PATH_CHARS - 1));
    call("/" + "x".repeat(CallTable.PATH_CHARS));
    assertThat(table.top(2)).extracting(c -> c.path().length()).containsOnly(CallTable.PATH_CHARS);
    table.request(EDGE, "M".repeat(CallTable.METHOD_CHARS + 1), "/", true, 1);
    assertThat(table.top(3)).anyMatch(c -> c.method().equals("OTHER"));
  }
}
