// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import static java.util.Objects.requireNonNull;

/**
 * One line of {@code mesh check}.
 *
 * @param description what holds if it passes
 * @param severity what it means if it does not
 * @param retried whether it is worth waiting for
 * @param hint what to do then
 * @param probe looks
 */
record Check(String description, Severity severity, boolean retried, String hint, Probe probe) {
  /** What a failure means. */
  enum Severity {
    /** Nothing behind it can be looked at. */
    FATAL,
    ERROR,
    /** It works, but not as it should. */
    WARNING
  }

  /** Returns if all is well. */
  interface Probe {
    /**
     * @throws Finding saying what is not well
     * @throws RuntimeException if it could not be found out
     */
    void look() throws Finding;
  }

  /** Something is not well; the message says what. */
  static final class Finding extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean warning;
    private final boolean unseen;
    private final String hint;

    private Finding(String message, boolean warning, boolean unseen, String hint) {
      super(message, null, false, false);
      this.warning = warning;
      this.unseen = unseen;
      this.hint = hint;
    }

    /** As severe as its check. */
    static Finding of(String message) {
      return new Finding(message, false, false, "");
    }

    /**
     * As severe as its check.
     *
     * @param hint what to do about this one, instead of the hint of the check
     */
    static Finding of(String message, String hint) {
      return new Finding(message, false, false, hint);
    }

    /** No more than a warning, such as that the user may not see it. */
    static Finding warning(String message) {
      return new Finding(message, true, false, "");
    }

    /** What there is to be looked at could not be read, which another line says. */
    static Finding unseen(String what) {
      return new Finding("not looked at: " + what + " could not be read", true, true, "");
    }

    /**
     * A warning that waiting does not change: the user's rights or a policy keep it from being
     * tried.
     */
    static Finding notTried(String why, String hint) {
      return new Finding("not tried: " + why, true, true, hint);
    }

    boolean isWarning() {
      return warning;
    }

    /** Nothing was found out, and waiting does not help. */
    boolean isUnseen() {
      return unseen;
    }

    /** Empty: that of the check. */
    String hint() {
      return hint;
    }
  }

  Check {
    requireNonNull(description, "description");
    requireNonNull(severity, "severity");
    requireNonNull(hint, "hint");
    requireNonNull(probe, "probe");
  }

  static Check fatal(String description, String hint, Probe probe) {
    return new Check(description, Severity.FATAL, false, hint, probe);
  }

  static Check error(String description, String hint, Probe probe) {
    return new Check(description, Severity.ERROR, false, hint, probe);
  }

  static Check warning(String description, String hint, Probe probe) {
    return new Check(description, Severity.WARNING, false, hint, probe);
  }

  /** The same, tried again until it passes or the time is over. */
  Check waitedFor() {
    return new Check(description, severity, true, hint, probe);
  }
}
