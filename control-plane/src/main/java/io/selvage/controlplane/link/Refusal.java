// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import static java.util.Objects.requireNonNull;

/**
 * Why a caller may not.
 *
 * @param status of the HTTP response: 401 if it is not known who calls, 403, or 503 if that could
 *     not be found out
 * @param message for people
 */
public record Refusal(int status, String message) {
  public Refusal {
    requireNonNull(message, "message");
  }
}
