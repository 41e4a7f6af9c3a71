// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;

/** Prints the lines of a tap: exchanges on standard output, how it stands on standard error. */
final class TapOutput {
  private final PrintWriter out;
  private final PrintWriter err;
  private final TableOutput form;
  private final long count;

  private int proxies = -1;
  private long dropped;
  private long shown;

  /**
   * @param count enough; 0 = never
   */
  TapOutput(PrintWriter out, PrintWriter err, TableOutput form, long count) {
    this.out = requireNonNull(out, "out");
    this.err = requireNonNull(err, "err");
    this.form = form;
    this.count = count;
  }

  /** From now on the lines are those of another tap, which counts from the beginning. */
  void startOver() {
    dropped = 0;
  }

  /**
   * Prints a line.
   *
   * @return whether more is wanted: it was not enough, and somebody reads
   */
  boolean add(JsonNode row) {
    if (row.has("proxies")) {
      state(row.path("proxies").asInt(), row.path("dropped").asLong());
      return true;
    }
    if (form == TableOutput.JSON) {
      out.println(JsonRows.line(row));
    } else {
      TapLines.of(row, form == TableOutput.WIDE).forEach(out::println);
    }
    shown++;
    return shown != count && !out.checkError();
  }

  private void state(int now, long lost) {
    if (now != proxies) {
      proxies = now;
      err.println(
          proxies == 0
              ? "No proxy of the resource is connected; those that come are tapped."
              : "Tapping " + proxies + (proxies == 1 ? " proxy." : " proxies."));
    }
    if (lost > dropped) {
      err.println((lost - dropped) + " requests were too many to be shown.");
      dropped = lost;
    }
  }
}
