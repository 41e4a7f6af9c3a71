// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.util.regex.Pattern;

/** Text of others on its way to a terminal: names that proxies report, answers, errors. */
final class TerminalText {
  /**
   * Control characters move the cursor and give orders, format characters turn the direction of
   * writing or are not seen, and there are more ends of lines than one.
   */
  private static final Pattern UNFIT = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");

  private TerminalText() {}

  /** One line, with {@code ?} for whatever is not to be seen. */
  static String line(String text) {
    return UNFIT.matcher(text).replaceAll("?");
  }
}
