// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import java.util.ArrayList;
import java.util.List;

/**
 * Ports, both ends included.
 *
 * @param first 1..last
 * @param last first..65535
 */
public record PortRange(int first, int last) {
  private static final int MAX_DIGITS = 5;

  public PortRange {
    if (first < 1 || last < first || last > 65_535) {
      throw new IllegalArgumentException(first + "-" + last + " is no range of ports");
    }
  }

  public boolean contains(int port) {
    return port >= first && port <= last;
  }

  /**
   * Reads a list such as {@code 25,4000-4100}; blanks around entries are allowed, empty text is an
   * empty list.
   *
   * @throws IllegalArgumentException naming the entry that is none
   */
  public static List<PortRange> parseList(String text) {
    var ranges = new ArrayList<PortRange>();
    for (String entry : text.split(",")) {
      if (entry.isBlank()) {
        continue;
      }
      ranges.add(parse(entry.strip()));
    }
    return List.copyOf(ranges);
  }

  private static PortRange parse(String text) {
    int dash = text.indexOf('-');
    int first = number(text, 0, dash < 0 ? text.length() : dash);
    int last = dash < 0 ? first : number(text, dash + 1, text.length());
    if (first < 0 || last < 0) {
      throw new IllegalArgumentException("\"" + text + "\" is neither a port nor a range");
    }
    return new PortRange(first, last);
  }

  /** One to five decimal digits, or -1. */
  private static int number(String text, int from, int to) {
    if (to <= from || to - from > MAX_DIGITS) {
      return -1;
    }
    int number = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      number = number * 10 + c - '0';
    }
    return number;
  }

  /** {@code 80} or {@code 4000-4100}. */
  @Override
  public String toString() {
    return first == last ? Integer.toString(first) : first + "-" + last;
  }
}
