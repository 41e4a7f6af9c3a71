// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static java.util.Objects.requireNonNull;

import java.io.PrintWriter;

/** A command ends with something to say on standard error and an exit code. */
public final class CommandFailure extends Exception {
  private static final long serialVersionUID = 1;

  private final int exitCode;

  private CommandFailure(int exitCode, String message) {
    super(requireNonNull(message, "message"), null, false, false);
    this.exitCode = exitCode;
  }

  /** It could not be done. */
  public static CommandFailure failed(String message) {
    return new CommandFailure(1, message);
  }

  /** What was typed is not understood. */
  public static CommandFailure misunderstood(String message) {
    return new CommandFailure(2, message);
  }

  /** What was typed is not understood, for a reason that is worded for people. */
  public static CommandFailure misunderstood(IllegalArgumentException reason) {
    String message = reason.getMessage();
    return misunderstood(message == null ? "not understood" : message);
  }

  /** There is no control plane where we look for it. */
  public static CommandFailure unreachable(String message) {
    return failed(
        "Cannot find Selvage: "
            + message
            + System.lineSeparator()
            + "Start it with `mesh control-plane`, or say where it is with --control-plane URL or"
            + " SELVAGE_CONTROL_PLANE.");
  }

  /** Prints it and returns the exit code. */
  public int report(PrintWriter err) {
    err.println(getMessage());
    return exitCode;
  }
}
