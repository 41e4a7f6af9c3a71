// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.util.Locale;

/** Forms a command prints a table in; {@code -o} takes the names in lower case. */
enum TableOutput {
  /** For people. */
  TABLE,
  /** For people with wide terminals: more columns. */
  WIDE,
  /** For programs: one JSON array. */
  JSON;

  /** As typed on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
