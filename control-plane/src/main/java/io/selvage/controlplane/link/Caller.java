// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * Whoever calls the API.
 *
 * @param token of the Authorization field; empty = none
 * @param loopback whether the connection came from this machine
 * @param foreignPage whether a web page of another origin made the call
 */
public record Caller(Optional<String> token, boolean loopback, boolean foreignPage) {
  public Caller {
    requireNonNull(token, "token");
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "Caller[loopback=" + loopback + "]";
  }
}
