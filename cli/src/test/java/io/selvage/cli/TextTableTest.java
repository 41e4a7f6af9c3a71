// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextTableTest {
  @Test
  void numbersStandRightUnderTheirHeaders() {
    TextTable table =
        TextTable.columns().left("NAME").right("MESHED").right("SUCCESS").right("RPS").build();
    table.row(List.of("emoji", "1/2", "100.00%", "2.0rps"));
    assertThat(String.join("\n", table.lines()))
        .isEqualTo(
            """
            NAME    MESHED   SUCCESS      RPS
            emoji      1/2   100.00%   2.0rps\
            """);
  }

  @Test
  void noLineEndsWithBlanks() {
    TextTable table = TextTable.columns().left("A").left("LONG HEADER").build();
    table.row(List.of("x", "y"));
    table.row(List.of("z", ""));
    assertThat(table.lines()).containsExactly("A   LONG HEADER", "x   y", "z");
  }

  @Test
  void widthsAreCountedInCharacters() {
    TextTable table = TextTable.columns().left("A").left("B").build();
    table.row(List.of("√😀", "x"));
    table.row(List.of("abc", "x"));
    assertThat(table.lines()).containsExactly("A     B", "√😀    x", "abc   x");
  }

  @Test
  void aTableOfNothingIsItsHeader() {
    assertThat(TextTable.columns().left("A").right("B").build().lines()).containsExactly("A   B");
  }

  @Test
  void controlCharactersReachNoTerminal() {
    TextTable table = TextTable.columns().left("A").build();
    table.row(List.of("a\u001b[2Jb\nc\u009b"));
    assertThat(table.lines().getLast()).isEqualTo("a?[2Jb?c?");
  }

  @Test
  void aRowHasACellForEachColumn() {
    TextTable table = TextTable.columns().left("A").build();
    assertThatThrownBy(() -> table.row(List.of())).isInstanceOf(IllegalArgumentException.class);
  }
}
