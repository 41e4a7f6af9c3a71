// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void theVersionOptionIsOneLineThatNamesWhatItRunsOn() {
    assertThat(mesh("--version")).isZero();
    assertThat(out.toString())
        .matches("selvage \\S+ \\(\\S+\\), Java 25\\S*, Netty 4\\.2\\.\\S+, Vert\\.x 5\\.\\S+\\R");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void helpGoesToStandardOutput() {
    assertThat(mesh("--help")).isZero();
    assertThat(out.toString()).startsWith("Usage: mesh").contains("version");
  }

  @Test
  void anUnknownCommandIsNamedWithTheUsageAndExitCodeTwo() {
    assertThat(mesh("qqq")).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString()).contains("qqq").contains("Usage: mesh");
  }

  @Test
  void noCommandIsAUsageError() {
    assertThat(mesh()).isEqualTo(2);
    assertThat(err.toString()).contains("Usage: mesh");
  }

  private int mesh(String... args) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }
}
