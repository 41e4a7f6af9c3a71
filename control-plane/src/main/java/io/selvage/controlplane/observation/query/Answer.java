// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows of a table, and what to know about them.
 *
 * @param rows at most {@link #MAX_ROWS}
 * @param notes for people: what is not in it, and why
 */
public record Answer<T>(
    @JsonProperty("rows") List<T> rows, @JsonProperty("notes") List<String> notes) {
  public static final int MAX_ROWS = 20_000;

  public Answer {
    rows = List.copyOf(rows);
    notes = List.copyOf(notes);
  }

  /** An answer that is cut, and says so, where there are more rows than {@link #MAX_ROWS}. */
  static <T> Answer<T> of(List<T> rows, List<String> notes) {
    if (rows.size() <= MAX_ROWS) {
      return new Answer<>(rows, notes);
    }
    var more = new ArrayList<>(notes);
    more.add("only the first " + MAX_ROWS + " of " + rows.size() + " rows are shown");
    return new Answer<>(rows.subList(0, MAX_ROWS), more);
  }
}
