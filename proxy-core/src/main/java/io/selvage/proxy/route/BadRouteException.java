// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

/**
 * A part of a specification cannot be compiled. Thrown and caught inside this package only: the
 * table's compiler turns it into a Problem and goes on without that route.
 */
final class BadRouteException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  BadRouteException(String reason, String message) {
    super(message);
    this.reason = reason;
  }

  BadRouteException(String reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** CamelCase word for {@link io.selvage.model.Problem#reason()}. */
  String reason() {
    return reason;
  }

  /** Never null, unlike the inherited one's contract. */
  String text() {
    String message = getMessage();
    return message == null ? reason : message;
  }
}
