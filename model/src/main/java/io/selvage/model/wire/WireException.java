// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import java.io.Serial;

/** Received bytes are no message of the contract. The text begins with the field's name. */
public final class WireException extends Exception {
  @Serial private static final long serialVersionUID = 1;

  public WireException(String message) {
    super(message);
  }
}
