// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

final class LogLevelsTest {
  private final Logger logger = LoggerFactory.getLogger("io.selvage.levels");

  @AfterEach
  void reset() {
    LogLevels.set("info");
    LogLevels.set("io.selvage.levels=info");
  }

  @Test
  void changesTheLevelOfEverythingOrOfOneLogger() {
    assertThat(LogLevels.set("warn")).isEmpty();
    assertThat(LogLevels.set("io.selvage.levels=debug")).isEmpty();

    assertThat(logger.isDebugEnabled()).isTrue();
    assertThat(LoggerFactory.getLogger("io.selvage.others").isInfoEnabled()).isFalse();
  }

  @Test
  void refusesALevelThatDoesNotExistAndChangesNothing() {
    assertThat(LogLevels.set("loud")).isPresent();
    assertThat(LogLevels.set("")).isPresent();
    assertThat(LogLevels.set("io.selvage.levels=")).isPresent();

    assertThat(logger.isInfoEnabled()).isTrue();
  }

  @Test
  void makesNoLoggerThatDidNotExist() {
    assertThat(LogLevels.set("made.up.name=debug")).isPresent();
  }
}
