// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.check.Outcome.Result;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How checks are run and printed, whatever they look at. */
class CheckRunTest {
  private final AtomicLong now = new AtomicLong();
  private final List<Outcome> outcomes = new ArrayList<>();
  private final List<String> waiting = new ArrayList<>();

  @Test
  void aWarningIsNoFailureAndAnErrorIs() throws Exception {
    assertThat(run(Duration.ZERO, Check.warning("a", "do this", fails("not well")))).isTrue();
    assertThat(run(Duration.ZERO, Check.error("b", "do that", fails("broken")))).isFalse();
    assertThat(outcomes).extracting(Outcome::result).containsExactly(Result.WARNING, Result.ERROR);
  }

  @Test
  void aFatalFailureEndsTheRunAndAnErrorDoesNot() throws Exception {
    Check last = Check.error("last", "", () -> {});
    run(Duration.ZERO, Check.error("first", "", fails("x")), last);
    assertThat(outcomes).hasSize(2);
    outcomes.clear();
    assertThat(run(Duration.ZERO, Check.fatal("first", "", fails("x")), last)).isFalse();
    assertThat(outcomes).hasSize(1);
  }

  @Test
  void whatIsWaitedForIsSaidWhenTheWaitingBeginsAndWhenItChanges() throws Exception {
    var tries = new AtomicInteger();
    Check slow =
        Check.error(
                "pods are ready",
                "",
                () -> {
                  if (tries.incrementAndGet() < 4) {
                    throw Finding.of(tries.get() < 3 ? "none\nof 3" : "two of 3");
                  }
                })
            .waitedFor();
    assertThat(run(CheckRun.PAUSE.multipliedBy(10), slow, Check.error("b", "", fails("x"))))
        .isFalse();
    assertThat(waiting)
        .containsExactly(
            "waiting for up to 20 s: pods are ready (none of 3)",
            "waiting for up to 16 s: pods are ready (two of 3)");
    waiting.clear();
    run(Duration.ZERO, Check.error("c", "", fails("x")).waitedFor());
    assertThat(waiting).isEmpty();
  }

  @Test
  void whatMayBecomeReadyIsWaitedForUntilTheTimeIsOver() throws Exception {
    var tries = new AtomicInteger();
    Check third =
        Check.error(
                "third time",
                "",
                () -> {
                  if (tries.incrementAndGet() < 3) {
                    throw Finding.of("not yet");
                  }
                })
            .waitedFor();
    assertThat(run(CheckRun.PAUSE.multipliedBy(2), third)).isTrue();
    assertThat(tries).hasValue(3);
    tries.set(0);
    assertThat(run(CheckRun.PAUSE.multipliedBy(2).minusNanos(1), third)).isFalse();
    assertThat(tries).hasValue(2);
  }

  @Test
  void allThatWaitShareTheTime() throws Exception {
    Check never = Check.error("never", "", fails("no")).waitedFor();
    run(Duration.ofSeconds(10), never, never);
    assertThat(now.get()).isLessThanOrEqualTo(Duration.ofSeconds(10).toNanos());
  }

  @Test
  void aPartThatIsNotInstalledIsLeftOut() throws Exception {
    var category =
        new Category("gone", () -> false, () -> List.of(Check.fatal("x", "", fails("y"))));
    assertThat(checkRun(Duration.ZERO).run(List.of(category))).isTrue();
    assertThat(outcomes).isEmpty();
  }

  @Test
  void theTableIsForPeople() {
    assertThat(printed(CheckReport.Form.TABLE))
        .isEqualTo(
            """
            kubernetes-api
            --------------
            √ can query the Kubernetes API

            selvage-identity
            ----------------
            × issuer cert is within its validity period
                it ended
                * yes?
                hint: rotate
            ‼ issuer cert is valid for at least 60 days
                soon

            Status check results are ×
            """);
  }

  @Test
  void theShortFormLeavesOutWhatIsWell() {
    assertThat(printed(CheckReport.Form.SHORT))
        .startsWith("selvage-identity\n----------------\n× issuer")
        .doesNotContain("√");
  }

  @Test
  void jsonIsForPrograms() throws Exception {
    JsonNode json = new ObjectMapper().readTree(printed(CheckReport.Form.JSON));
    assertThat(json.path("success").asBoolean()).isFalse();
    assertThat(json.path("categories")).hasSize(2);
    assertThat(json.at("/categories/0/categoryName").asText()).isEqualTo("kubernetes-api");
    assertThat(json.at("/categories/0/checks/0").toString())
        .isEqualTo("{\"description\":\"can query the Kubernetes API\",\"result\":\"success\"}");
    JsonNode failed = json.at("/categories/1/checks/0");
    assertThat(failed.path("result").asText()).isEqualTo("error");
    assertThat(failed.path("hint").asText()).isEqualTo("rotate");
    assertThat(failed.path("error").asText()).startsWith("it ended");
    assertThat(json.at("/categories/1/checks/1/result").asText()).isEqualTo("warning");
  }

  private static String printed(CheckReport.Form form) {
    var text = new StringWriter();
    var report = new CheckReport(new PrintWriter(text), form, false);
    report.add(
        new Outcome("kubernetes-api", "can query the Kubernetes API", Result.SUCCESS, "", ""));
    report.add(
        new Outcome(
            "selvage-identity",
            "issuer cert is within its validity period",
            Result.ERROR,
            "it ended\n* yes\u001b",
            "rotate"));
    report.add(
        new Outcome(
            "selvage-identity",
            "issuer cert is valid for at least 60 days",
            Result.WARNING,
            "soon",
            ""));
    try {
      report.end(false);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new AssertionError(e);
    }
    return text.toString().replace(System.lineSeparator(), "\n");
  }

  private static Check.Probe fails(String why) {
    return () -> {
      throw Finding.of(why);
    };
  }

  private CheckRun checkRun(Duration wait) {
    return new CheckRun(
        now::get, time -> now.addAndGet(time.toNanos()), wait, outcomes::add, waiting::add);
  }

  private boolean run(Duration wait, Check... checks) throws InterruptedException {
    return checkRun(wait).run(List.of(new Category("test", () -> List.of(checks))));
  }
}
