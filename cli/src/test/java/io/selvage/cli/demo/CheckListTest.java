// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.cli.demo.CheckList.Broken;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class CheckListTest {
  private final StringWriter out = new StringWriter();
  private final CheckList list = list(Duration.ofMinutes(1));

  @Test
  void printsWhatWasSeenOfAKeptPromise() throws Exception {
    assertThat(list.run("it answers", () -> "200")).isTrue();
    assertThat(out.toString()).isEqualTo("√ it answers: 200\n");
    assertThat(list.kept()).isOne();
    assertThat(list.broken()).isZero();
  }

  @Test
  void printsWhatWasSeenInsteadOfABrokenOne() throws Exception {
    boolean kept =
        list.run(
            "it answers",
            () -> {
              throw new Broken("it answered 500");
            });
    assertThat(kept).isFalse();
    assertThat(out.toString()).isEqualTo("× it answers: it answered 500\n");
    assertThat(list.broken()).isOne();
  }

  @Test
  void anExceptionBreaksThePromiseAndNotTheRun() throws Exception {
    list.run(
        "it answers",
        () -> {
          throw new IOException("connection refused");
        });
    list.run("the next", () -> "");
    assertThat(out.toString()).contains("× it answers").contains("connection refused");
    assertThat(out.toString()).endsWith("√ the next\n");
  }

  @Test
  void whatComesAfterTheTimeIsBroken() throws Exception {
    assertThat(list(Duration.ZERO).run("too late", () -> "never")).isFalse();
    assertThat(out.toString()).contains("× too late: not tried");
  }

  private CheckList list(Duration atMost) {
    return new CheckList(new PrintWriter(out, true), atMost);
  }
}
