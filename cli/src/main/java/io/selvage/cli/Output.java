// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.util.Locale;

/** Forms a command can print its answer in; {@code -o} takes the names in lower case. */
enum Output {
  /** For people. */
  TEXT,
  /** For programs: one JSON document. */
  JSON;

  /** As typed on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
