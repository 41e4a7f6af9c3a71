// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

/** What somebody else typed, fit for a message. */
public final class Printable {
  private static final int MAX = 80;

  private Printable() {}

  /** The text without what is not seen or gives orders, cut after {@value #MAX} characters. */
  public static String text(String text) {
    String start = text.length() > MAX ? text.substring(0, MAX) + "..." : text;
    return start.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
  }
}
