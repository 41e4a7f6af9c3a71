// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.logging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.event.Level;

class LogLevelsTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final LogLevels levels =
      new LogLevels(
          out,
          Clock.fixed(Instant.parse("2026-01-02T03:04:05.006Z"), ZoneOffset.UTC),
          Level.INFO.toInt());
  private final Logger logger = levels.logger("io.selvage.sidecar.Inbound");

  @Test
  void writesALineWithTimeLevelAndShortName() {
    logger.info("port {} is {}\n", 4143, "open");
    logger.error("bad");
    assertThat(text())
        .isEqualTo(
            """
            2026-01-02T03:04:05.006Z INFO  i.s.s.Inbound port 4143 is open
            2026-01-02T03:04:05.006Z ERROR i.s.s.Inbound bad
            """);
  }

  @Test
  void writesTheStackTraceOfAnError() {
    logger.warn("failed at {}", "start", new IllegalStateException("why"));
    assertThat(text())
        .startsWith(
            "2026-01-02T03:04:05.006Z WARN  i.s.s.Inbound failed at start\n"
                + "java.lang.IllegalStateException: why\n"
                + "\tat io.selvage.sidecar.logging.LogLevelsTest");
  }

  @Test
  void changesLevelsWhileItRuns() {
    Logger other = levels.logger("io.netty.Other");
    logger.debug("1");
    assertThat(levels.set("debug")).isEmpty();
    logger.debug("2");
    other.debug("3");
    levels.logger("io.selvage.Later").debug("4");
    assertThat(levels.set("io.netty=DEBUG")).isEmpty();
    other.debug("5");
    assertThat(levels.describe())
        .isEqualTo("debug\nio.netty=debug\nio.netty.channel.DefaultChannelPipeline=error");
    assertThat(levels.set("off")).isEmpty();
    logger.error("6");
    assertThat(text().lines().map(line -> line.substring(line.length() - 1)))
        .containsExactly("2", "4", "5");
  }

  @Test
  void refusesLevelsAndLoggersThatDoNotExist() {
    assertThat(levels.set("loud"))
        .hasValueSatisfying(it -> assertThat(it).contains("expected a level"));
    assertThat(levels.set("no.such.logger=debug")).hasValue("there is no logger of that name");
  }

  @Test
  void keepsNettysPipelineQuiet() {
    levels.logger("io.netty.channel.DefaultChannelPipeline").warn("noise");
    assertThat(text()).isEmpty();
  }

  private String text() {
    return out.toString(UTF_8);
  }
}
