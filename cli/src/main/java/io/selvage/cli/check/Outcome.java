// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

/**
 * What became of one check.
 *
 * @param result as severe as it turned out
 * @param error what is not well; empty for success
 */
record Outcome(String category, String description, Result result, String error, String hint) {
  /** In the words of {@code -o json}. */
  enum Result {
    SUCCESS("success", "\u221a"),
    WARNING("warning", "\u203c"),
    ERROR("error", "\u00d7");

    private final String word;
    private final String mark;

    Result(String word, String mark) {
      this.word = word;
      this.mark = mark;
    }

    String word() {
      return word;
    }

    /** What stands before the line. */
    String mark() {
      return mark;
    }
  }
}
