// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import static java.util.Objects.requireNonNull;

import java.time.Instant;

/**
 * How well a source is connected, for metrics and readiness.
 *
 * @param synced true once the first complete state was published; never false again
 * @param connected false while the folder cannot be read or a watch of the API server is down; the
 *     last state is served meanwhile
 * @param detail what is wrong, for a person; empty when connected
 * @param since when {@code connected} last changed
 * @param reconnects how often a lost watch or folder was found again since the start
 */
public record SourceHealth(
    boolean synced, boolean connected, String detail, Instant since, long reconnects) {
  public SourceHealth {
    requireNonNull(detail, "detail");
    requireNonNull(since, "since");
  }
}
