// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Ports, both ends included.
 *
 * @param first 1..last
 * @param last first..65535
 */
public record PortRange(int first, int last) {
  private static final Pattern TEXT = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

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
      var matched = TEXT.matcher(entry.strip());
      if (!matched.matches()) {
        throw new IllegalArgumentException(
            "\"" + entry.strip() + "\" is neither a port nor a range");
      }
      int first = Integer.parseInt(matched.group(1));
      ranges.add(
          new PortRange(
              first, matched.group(2) == null ? first : Integer.parseInt(matched.group(2))));
    }
    return List.copyOf(ranges);
  }

  /** {@code 80} or {@code 4000-4100}. */
  @Override
  public String toString() {
    return first == last ? Integer.toString(first) : first + "-" + last;
  }
}
