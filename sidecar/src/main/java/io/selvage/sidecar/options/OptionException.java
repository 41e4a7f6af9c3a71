// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.options;

/** A flag or variable that makes no sense; the message names it and is meant for people. */
public final class OptionException extends Exception {
  private static final long serialVersionUID = 1L;

  public OptionException(String message) {
    super(message);
  }
}
