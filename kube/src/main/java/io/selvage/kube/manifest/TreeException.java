// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

/** A document that is well-formed but breaks a limit; caught by the reader that raised it. */
final class TreeException extends Exception {
  private final int line;
  private final String reason;

  TreeException(int line, String reason, String message) {
    super(message);
    this.line = line;
    this.reason = reason;
  }

  Document toDocument() {
    return Document.broken(line, reason, String.valueOf(getMessage()));
  }
}
