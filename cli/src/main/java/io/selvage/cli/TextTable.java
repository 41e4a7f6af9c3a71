// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * Text in columns, three blanks apart. Widths are counted in characters as people see them; no line
 * ends with blanks.
 */
final class TextTable {
  private static final String GAP = "   ";

  private final List<Column> columns;
  private final List<List<String>> rows = new ArrayList<>();

  /** Where the text of a column stands. */
  enum Align {
    LEFT,
    RIGHT
  }

  private record Column(String header, Align align) {}

  /** Collects columns. */
  static final class Builder {
    private final List<Column> columns = new ArrayList<>();

    Builder left(String header) {
      columns.add(new Column(header, Align.LEFT));
      return this;
    }

    Builder right(String header) {
      columns.add(new Column(header, Align.RIGHT));
      return this;
    }

    TextTable build() {
      return new TextTable(List.copyOf(columns));
    }
  }

  private TextTable(List<Column> columns) {
    this.columns = columns;
  }

  static Builder columns() {
    return new Builder();
  }

  /**
   * Adds a line.
   *
   * @param cells one a column, shown as {@link TerminalText#line}
   */
  void row(List<String> cells) {
    if (cells.size() != columns.size()) {
      throw new IllegalArgumentException(cells.size() + " cells, " + columns.size() + " columns");
    }
    // What proxies report ends on a terminal.
    rows.add(cells.stream().map(TerminalText::line).toList());
  }

  /** The header and all lines, without ends of lines. */
  List<String> lines() {
    var widths = new int[columns.size()];
    List<String> header = columns.stream().map(Column::header).toList();
    measure(header, widths);
    rows.forEach(row -> measure(row, widths));
    var lines = new ArrayList<String>();
    lines.add(line(header, widths));
    rows.forEach(row -> lines.add(line(row, widths)));
    return lines;
  }

  private static void measure(List<String> cells, int[] widths) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], width(cells.get(i)));
    }
  }

  private String line(List<String> cells, int[] widths) {
    var line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      if (i > 0) {
        line.append(GAP);
      }
      String cell = cells.get(i);
      String padding = " ".repeat(widths[i] - width(cell));
      boolean left = columns.get(i).align() == Align.LEFT;
      line.append(left ? cell + padding : padding + cell);
    }
    return line.toString().stripTrailing();
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }
}
