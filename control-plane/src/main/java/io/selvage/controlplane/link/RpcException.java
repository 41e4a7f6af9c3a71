// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import static java.util.Objects.requireNonNull;

/** A call is refused with a status of gRPC's; the message goes to the caller. */
public final class RpcException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Status status;

  /** Statuses in use here, by the numbers of gRPC's {@code statuscodes.md}. */
  public enum Status {
    INVALID_ARGUMENT(3),
    PERMISSION_DENIED(7),
    RESOURCE_EXHAUSTED(8),
    FAILED_PRECONDITION(9),
    UNIMPLEMENTED(12),
    INTERNAL(13),
    UNAVAILABLE(14),
    UNAUTHENTICATED(16);

    private final int code;

    Status(int code) {
      this.code = code;
    }

    /** Value of {@code grpc-status}. */
    public int code() {
      return code;
    }
  }

  public RpcException(Status status, String message) {
    // No stack: it is an answer, and hostile callers may make us give many.
    super(requireNonNull(message, "message"), null, false, false);
    this.status = requireNonNull(status, "status");
  }

  public Status status() {
    return status;
  }

  /** The text for the caller. */
  public String text() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
