// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.selvage.gateway.app.CompileObserver;
import io.selvage.model.Problem;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Configuration as metrics. A desired generation that stays ahead of the active one means that
 * changes do not arrive.
 *
 * <ul>
 *   <li>{@code selvage_config_generation_desired}, {@code selvage_config_generation_active}
 *   <li>{@code selvage_config_problems{severity}}: of the live configuration
 *   <li>{@code selvage_config_compile_duration_seconds}, {@code
 *       selvage_config_apply_duration_seconds}, {@code selvage_endpoints_apply_duration_seconds}
 *   <li>{@code selvage_config_failures_total}: faults of ours; the last configuration stayed
 * </ul>
 */
final class CompileMetrics implements CompileObserver {
  private final AtomicLong desired = new AtomicLong();
  private final AtomicLong active = new AtomicLong();
  private final AtomicLong errors = new AtomicLong();
  private final AtomicLong warnings = new AtomicLong();
  private final Timer compile;
  private final Timer apply;
  private final Timer endpoints;
  private final Counter failures;
  private final Runnable onLive;

  /**
   * @param onLive run after each configuration that became live
   */
  CompileMetrics(MeterRegistry registry, Runnable onLive) {
    this.onLive = onLive;
    Gauge.builder("selvage.config.generation.desired", desired, AtomicLong::get).register(registry);
    Gauge.builder("selvage.config.generation.active", active, AtomicLong::get).register(registry);
    problems(registry, "error", errors);
    problems(registry, "warning", warnings);
    compile = registry.timer("selvage.config.compile.duration");
    apply = registry.timer("selvage.config.apply.duration");
    endpoints = registry.timer("selvage.endpoints.apply.duration");
    failures = registry.counter("selvage.config.failures");
  }

  private static void problems(MeterRegistry registry, String severity, AtomicLong count) {
    Gauge.builder("selvage.config.problems", count, AtomicLong::get)
        .tag("severity", severity)
        .register(registry);
  }

  @Override
  public void onDesired(long generation) {
    desired.set(generation);
  }

  @Override
  public void onActive(
      long generation, Duration compileTook, Duration applyTook, List<Problem> problems) {
    active.set(generation);
    long wrong = problems.stream().filter(p -> p.severity() == Problem.Severity.ERROR).count();
    errors.set(wrong);
    warnings.set(problems.size() - wrong);
    compile.record(compileTook);
    apply.record(applyTook);
    onLive.run();
  }

  @Override
  public void onFailure(long generation) {
    failures.increment();
  }

  @Override
  public void onEndpoints(int sets, Duration took) {
    endpoints.record(took);
  }
}
