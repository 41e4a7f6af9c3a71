// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * When an attempt that reached an endpoint may be made again. Attempts that certainly never reached
 * one (connection refused, stream refused) are repeated whatever this says.
 *
 * @param on conditions
 * @param statuses statuses for {@link On#STATUS}
 * @param maxRetries attempts beyond the first, 0..10
 * @param perTryTimeoutMillis 0 = only the request's own timeout
 * @param anyMethod also retry methods that are not idempotent (Envoy's and Emissary's meaning of a
 *     configured policy); false restricts to idempotent ones
 */
public record RetrySpec(
    Set<On> on,
    List<Integer> statuses,
    int maxRetries,
    long perTryTimeoutMillis,
    boolean anyMethod) {

  /** A reason to try again. */
  public enum On {
    /** Any 5xx, reset, or connect failure. */
    SERVER_ERROR,
    /** 502, 503, 504, reset or connect failure. */
    GATEWAY_ERROR,
    CONNECT_FAILURE,
    /** 409. */
    CONFLICT,
    /** HTTP/2 REFUSED_STREAM. */
    REFUSED_STREAM,
    /** Connection reset before a response head. */
    RESET,
    /** One of {@link RetrySpec#statuses()}. */
    STATUS
  }

  public RetrySpec {
    on =
        java.util.Collections.unmodifiableSet(
            on.isEmpty() ? EnumSet.noneOf(On.class) : EnumSet.copyOf(on));
    statuses = List.copyOf(new TreeSet<>(statuses));
    if (maxRetries < 0 || maxRetries > 10) {
      throw new IllegalArgumentException("maxRetries " + maxRetries + " is not within 0..10");
    }
  }
}
