// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import java.util.ArrayDeque;

/**
 * Estimates how large an expression's program will be before it is compiled: counted repetitions
 * multiply, so twenty characters such as {@code ((a{1000}){1000}){1000}} would take all memory.
 * Errs upwards where an expression is unusual.
 */
public final class RegexSize {
  private static final long CAP = Long.MAX_VALUE / 2;

  private final String text;
  private final ArrayDeque<Long> outer = new ArrayDeque<>();
  // Instructions before the last atom, and those of the last atom, which a quantifier may repeat.
  private long sum;
  private long last;
  private int at;

  private RegexSize(String text) {
    this.text = text;
  }

  /** Instructions, roughly; at most about {@code Long.MAX_VALUE / 2}. */
  public static long of(String expression) {
    return new RegexSize(expression).estimate();
  }

  private long estimate() {
    while (at < text.length()) {
      char c = text.charAt(at++);
      switch (c) {
        case '(' -> open();
        case ')' -> close();
        case '|' -> atom(0);
        case '*', '+', '?' -> last = add(last, 1);
        case '{' -> repeat();
        case '[' -> {
          skipClass();
          atom(1);
        }
        case '\\' -> {
          skipEscape();
          atom(1);
        }
        default -> atom(1);
      }
    }
    while (!outer.isEmpty()) {
      close();
    }
    return add(sum, last);
  }

  private void atom(long size) {
    sum = add(sum, last);
    last = size;
  }

  private void open() {
    outer.push(add(sum, last));
    sum = 0;
    last = 0;
  }

  private void close() {
    long inner = add(add(sum, last), 2);
    sum = outer.isEmpty() ? 0 : outer.pop();
    last = inner;
  }

  /**
   * After an opening brace: {@code {n}}, {@code {n,}} and {@code {n,m}}; else an ordinary brace.
   */
  private void repeat() {
    int end = text.indexOf('}', at);
    if (end < 0 || end - at > 11) {
      atom(1);
      return;
    }
    long times = 1;
    for (String number : text.substring(at, end).split(",", 2)) {
      for (int i = 0; i < number.length(); i++) {
        if (number.charAt(i) < '0' || number.charAt(i) > '9') {
          atom(1);
          return;
        }
      }
      times = Math.max(times, number.isEmpty() ? times + 1 : Long.parseLong(number));
    }
    at = end + 1;
    last = last > CAP / times ? CAP : last * times;
  }

  private void skipClass() {
    // The first character is a member even if it is a closing bracket.
    at += text.startsWith("^", at) ? 2 : 1;
    while (at < text.length() && text.charAt(at) != ']') {
      at += text.charAt(at) == '\\' ? 2 : 1;
    }
    at++;
  }

  private void skipEscape() {
    char escaped = at < text.length() ? text.charAt(at++) : ' ';
    if ((escaped == 'p' || escaped == 'P' || escaped == 'x') && text.startsWith("{", at)) {
      int end = text.indexOf('}', at);
      at = end < 0 ? text.length() : end + 1;
    }
  }

  private static long add(long a, long b) {
    return Math.min(a + b, CAP);
  }
}
