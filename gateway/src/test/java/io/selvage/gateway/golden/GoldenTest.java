// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.gateway.compile.CompileResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Compiles every golden folder and compares what comes out, word by word. */
class GoldenTest {
  private static final boolean UPDATE = Boolean.getBoolean("golden.update");

  @TestFactory
  Stream<DynamicContainer> scenarios() {
    return Scenario.list(Scenario.root())
        .map(suite ->
            DynamicContainer.dynamicContainer(
                suite.getFileName().toString(),
                Scenario.of(suite).stream()
                    .map(s -> DynamicTest.dynamicTest(s.name(), () -> check(s)))));
  }

  @Test
  void thereAreScenarios() {
    assertThat(Scenario.list(Scenario.root()).flatMap(s -> Scenario.of(s).stream()))
        .hasSizeGreaterThanOrEqualTo(25);
  }

  private static void check(Scenario scenario) throws IOException {
    CompileResult result = scenario.compile();
    compare(scenario.folder().resolve("out-model.yaml"), RecordText.of(result.model()));
    compare(
        scenario.folder().resolve("out-endpoints.yaml"),
        RecordText.of(result.endpoints().values()));
    compare(scenario.folder().resolve("out-problems.yaml"), RecordText.of(result.problems()));
    compare(scenario.folder().resolve("out-statuses.yaml"), RecordText.of(result.statuses()));
  }

  /** A file that would be empty is not there. */
  private static void compare(Path file, String actual) throws IOException {
    if (UPDATE) {
      if (actual.isEmpty()) {
        Files.deleteIfExists(file);
      } else {
        Files.writeString(file, actual);
      }
    }
    String expected = Files.exists(file) ? Files.readString(file) : "";
    assertThat(actual)
        .as("%s (regenerate with -Dgolden.update=true and read the difference)", file)
        .isEqualTo(expected);
  }
}
