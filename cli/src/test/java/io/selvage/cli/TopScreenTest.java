// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.controlplane.observation.query.TopRow;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TopScreenTest {
  private static final Duration SOON = Duration.ofMillis(1);

  private final StringWriter out = new StringWriter();

  @Test
  void drawsUntilQIsTyped() throws Exception {
    var asked = new AtomicInteger();
    InputStream keys =
        new InputStream() {
          @Override
          public int available() {
            return asked.get() >= 3 ? 1 : 0;
          }

          @Override
          public int read() {
            return 'q';
          }
        };
    int code =
        new TopScreen(new PrintWriter(out), keys, SOON)
            .run(() -> {
              int n = asked.incrementAndGet();
              return List.of(new TopRow("web", "emoji", "GET", "/" + n, n, 1, 2, 3, 1));
            });
    assertThat(code).isZero();
    assertThat(out.toString()).contains("to quit)").contains("/1 ").contains("/2 ").contains("/3 ");
    assertThat(out.toString().split("\u001b\\[H\u001b\\[J", -1)).hasSize(4);
  }

  @Test
  void aControlPlaneThatGoesAwayIsSaidAndWaitedFor() throws Exception {
    var asked = new AtomicInteger();
    InputStream keys =
        new InputStream() {
          @Override
          public int available() {
            return asked.get() >= 3 ? 1 : 0;
          }

          @Override
          public int read() {
            return 'Q';
          }
        };
    int code =
        new TopScreen(new PrintWriter(out), keys, SOON)
            .run(() -> {
              if (asked.incrementAndGet() == 2) {
                throw CommandFailure.failed("it is away");
              }
              return List.of();
            });
    assertThat(code).isZero();
    assertThat(out.toString()).containsOnlyOnce("it is away");
  }

  @Test
  void aFirstQuestionThatFailsEndsIt() throws IOException {
    try (var nothing = new ByteArrayInputStream(new byte[0])) {
      var screen = new TopScreen(new PrintWriter(out), nothing, SOON);
      assertThatThrownBy(() ->
              screen.run(() -> {
                throw CommandFailure.failed("it is away");
              }))
          .isInstanceOf(CommandFailure.class);
      assertThat(out.toString()).isEmpty();
    }
  }
}
