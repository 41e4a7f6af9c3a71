// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.Certify;

/** What came of a request for a certificate. */
public sealed interface CertifyOutcome {
  /** gRPC status codes that a refusal may have, by the number that is on the wire. */
  enum Code {
    /** The request cannot be understood. */
    INVALID_ARGUMENT(3),
    /** Too many requests of one identity. */
    RESOURCE_EXHAUSTED(8),
    /** Understood, and not to be had. */
    FAILED_PRECONDITION(9),
    /** Not now; the same request may be good later. */
    UNAVAILABLE(14),
    /** The token does not prove who asks. */
    UNAUTHENTICATED(16);

    private final int number;

    Code(int number) {
      this.number = number;
    }

    /** As in {@code grpc-status}. */
    public int number() {
      return number;
    }
  }

  /** A certificate. */
  record Issued(Certify.Response response) implements CertifyOutcome {
    public Issued {
      requireNonNull(response, "response");
    }
  }

  /**
   * None.
   *
   * @param reason stable CamelCase word, the label of a metric
   * @param message for the one who asked, without secrets
   */
  record Refused(Code code, String reason, String message) implements CertifyOutcome {
    /** Whether it is the doing of whoever asked, who has not proved who he is. */
    boolean isOfAStranger() {
      return code == Code.INVALID_ARGUMENT || code == Code.UNAUTHENTICATED;
    }

    public Refused {
      requireNonNull(code, "code");
      requireNonNull(reason, "reason");
      requireNonNull(message, "message");
    }
  }
}
