// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static java.util.Objects.requireNonNull;

/** A question cannot be answered now; the text is for people. */
public final class QueryException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Fault fault;

  /** Whose fault it is. */
  public enum Fault {
    /** We have too much to do. */
    BUSY,
    /** Prometheus does not answer, or not as it should. */
    PROMETHEUS
  }

  public QueryException(Fault fault, String message) {
    super(requireNonNull(message, "message"), null, false, false);
    this.fault = fault;
  }

  public Fault fault() {
    return fault;
  }
}
