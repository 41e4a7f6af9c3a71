// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.HealthCheck;
import io.selvage.model.routing.ClusterSpec.HealthCheckSpec;
import io.selvage.model.routing.ClusterSpec.StatusRange;
import io.selvage.model.routing.HeaderEdits;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** {@code health_checks}: the first usable one is run; more than one is reported. */
final class HealthChecks {
  private static final long TIMEOUT_MILLIS = 3_000;
  private static final long INTERVAL_MILLIS = 5_000;
  private static final int HEALTHY = 1;
  private static final int UNHEALTHY = 2;
  private static final String FIELD = "spec.health_checks";

  private HealthChecks() {}

  static Optional<HealthCheckSpec> read(List<HealthCheck> checks, Findings findings) {
    if (checks.isEmpty()) {
      return Optional.empty();
    }
    if (checks.size() > 1) {
      findings.notSupported(FIELD, "more than one health check; the first is run");
    }
    var check = checks.getFirst();
    var timeout = duration(check.timeout(), TIMEOUT_MILLIS);
    var interval = duration(check.interval(), INTERVAL_MILLIS);
    int healthy = check.healthyThreshold() == null ? HEALTHY : check.healthyThreshold();
    int unhealthy = check.unhealthyThreshold() == null ? UNHEALTHY : check.unhealthyThreshold();
    if (timeout.orElse(0) <= 0 || interval.orElse(0) <= 0 || healthy < 1 || unhealthy < 1) {
      findings.invalid(
          FIELD, "health_checks: durations are longer than 0 and thresholds at least 1");
      return Optional.empty();
    }
    var kind = check.check();
    var http = kind == null ? null : kind.http();
    var grpc = kind == null ? null : kind.grpc();
    if ((http == null) == (grpc == null)) {
      findings.invalid(FIELD, "health_checks: health_check is either http or grpc");
      return Optional.empty();
    }
    if (grpc != null) {
      return Optional.of(
          new HealthCheckSpec(
              Optional.of(grpc.upstreamName() == null ? "" : grpc.upstreamName()),
              "",
              grpc.authority() == null ? "" : grpc.authority(),
              HeaderEdits.NONE,
              List.of(),
              timeout.getAsLong(),
              interval.getAsLong(),
              healthy,
              unhealthy));
    }
    return http(
        java.util.Objects.requireNonNull(http),
        timeout.getAsLong(),
        interval.getAsLong(),
        healthy,
        unhealthy,
        findings);
  }

  private static Optional<HealthCheckSpec> http(
      HealthCheck.Http http,
      long timeout,
      long interval,
      int healthy,
      int unhealthy,
      Findings findings) {
    var expected = new ArrayList<StatusRange>();
    for (var range : http.expectedStatuses()) {
      int min = range.min() == null ? 0 : range.min();
      int max = range.max() == null ? 0 : range.max();
      if (min < 100 || max > 599 || min > max) {
        findings.invalid(FIELD, "health_checks: expected_statuses are min..max within 100..599");
        return Optional.empty();
      }
      expected.add(new StatusRange(min, max));
    }
    String path = http.path() == null ? "" : http.path();
    if (!path.startsWith("/")) {
      findings.invalid(FIELD, "health_checks: http.path begins with /");
      return Optional.empty();
    }
    return Optional.of(
        new HealthCheckSpec(
            Optional.empty(),
            path,
            http.hostname() == null ? "" : http.hostname(),
            HeaderRules.read(
                "request", http.addRequestHeaders(), http.removeRequestHeaders(), findings),
            expected,
            timeout,
            interval,
            healthy,
            unhealthy));
  }

  private static OptionalLong duration(@Nullable String text, long byDefault) {
    return text == null ? OptionalLong.of(byDefault) : DurationText.millis(text);
  }
}
