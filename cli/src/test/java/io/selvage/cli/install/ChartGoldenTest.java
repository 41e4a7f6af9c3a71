// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Renders the chart and compares word by word with charts/golden, which other tests apply. */
class ChartGoldenTest {
  private static final boolean UPDATE = Boolean.getBoolean("golden.update");
  private static final Path GOLDEN = Rendered.ROOT.resolve("charts/golden");

  static Stream<Arguments> renderings() {
    List<Path> plain = List.of();
    return Stream.of(
        Arguments.of("default", plain, new String[] {"podAntiAffinity=preferred"}),
        Arguments.of(
            "ha",
            List.of(Rendered.CHART.resolve("values-ha.yaml")),
            new String[] {"podDisruptionBudgets=true"}),
        Arguments.of("without-gateway", plain, new String[] {"gateway.enabled=false"}),
        Arguments.of("without-injector", plain, new String[] {"injector.enabled=false"}),
        Arguments.of(
            "gateway-alone",
            plain,
            new String[] {"controlPlane.enabled=false", "injector.enabled=false"}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("renderings")
  void isAsWrittenDown(String name, List<Path> files, String[] set) throws Exception {
    String text = Rendered.with(files, set).text();
    Path golden = GOLDEN.resolve(name + ".yaml");
    if (UPDATE) {
      Files.writeString(golden, text);
    }
    assertThat(text)
        .as("%s (regenerate with -Dgolden.update=true and read the difference)", golden)
        .isEqualTo(Files.readString(golden));
  }
}
