// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.telemetry;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * What is told, and where to.
 *
 * @param accessLog {@code stdout}, {@code off}, or a file that is appended to
 * @param otlpEndpoint base URL of a collector taking OTLP over HTTP; absent = no traces, and trace
 *     headers pass untouched
 * @param traceShare share of exchanges traced where the caller has not decided, 0..1
 */
public record TelemetryOptions(String accessLog, Optional<String> otlpEndpoint, double traceShare) {
  public TelemetryOptions {
    requireNonNull(accessLog, "accessLog");
    requireNonNull(otlpEndpoint, "otlpEndpoint");
    if (!(traceShare >= 0 && traceShare <= 1)) {
      throw new IllegalArgumentException("the share of traces is not within 0..1");
    }
  }

  /** No log, no traces: for tests and embedding. */
  public static TelemetryOptions quiet() {
    return new TelemetryOptions("off", Optional.empty(), 0);
  }
}
