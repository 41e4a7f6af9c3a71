// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What sessions count. */
public final class SessionCounters {
  private static final Logger LOG = LoggerFactory.getLogger(SessionCounters.class);

  private final Counter pushes;
  private final Counter slowReaders;
  private final Counter malformed;
  private final Counter droppedReports;
  private final MeterRegistry registry;
  private final Timer latency;

  private final RefusalLog refusals =
      new RefusalLog(
          System::nanoTime,
          (reason, count) ->
              LOG.atWarn()
                  .addKeyValue("reason", reason)
                  .addKeyValue("count", count)
                  .log("connections or streams were refused"));

  public SessionCounters(MeterRegistry registry) {
    this.registry = registry;
    this.pushes =
        Counter.builder("selvage.control.pushes")
            .description("Messages sent to proxies")
            .register(registry);
    this.slowReaders =
        Counter.builder("selvage.control.slow.readers")
            .description("Streams ended because their proxy took nothing for too long")
            .register(registry);
    this.malformed =
        Counter.builder("selvage.control.malformed.messages")
            .description("Messages of proxies that could not be understood")
            .register(registry);
    this.droppedReports =
        Counter.builder("selvage.control.dropped.reports")
            .description("Reports that came faster than they may")
            .register(registry);
    this.latency =
        Timer.builder("selvage.control.push.duration")
            .description("From a computed change to the message handed to the connection")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofNanos(100_000))
            .maximumExpectedValue(Duration.ofSeconds(10))
            .register(registry);
  }

  void pushed() {
    pushes.increment();
  }

  void pushedAfter(Duration age) {
    latency.record(age);
  }

  void slowReader() {
    slowReaders.increment();
  }

  /** A message that is none. */
  public void malformed() {
    malformed.increment();
  }

  void droppedReport() {
    droppedReports.increment();
  }

  /** A call was refused. */
  public void refused(String reason) {
    Counter.builder("selvage.control.refused.streams")
        .description("Calls refused, and streams ended for what their proxy did")
        .tag("reason", reason)
        .register(registry)
        .increment();
    refusals.refused(reason);
  }
}
