// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.selvage.model.Problem;
import io.selvage.model.kube.ObjectRef;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ProblemLogTest {
  private final Logger logger = (Logger) LoggerFactory.getLogger(ProblemLog.class);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final ProblemLog log = new ProblemLog();

  @BeforeEach
  void listen() {
    lines.start();
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(lines);
  }

  @AfterEach
  void unlisten() {
    logger.detachAppender(lines);
    logger.setAdditive(true);
    logger.setLevel(null);
  }

  private static Problem problem(String name, String message) {
    return Problem.error(new ObjectRef("Host", "shop", name), "spec", "Bad", message);
  }

  private static List<Problem> problems(int count) {
    return IntStream.range(0, count).mapToObj(i -> problem("h" + i, "wrong")).toList();
  }

  private List<String> messages() {
    return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  @Test
  void logsWhatAppearsAndWhatIsGoneOnce() {
    Problem one = problem("a", "no\nline");
    Problem two = problem("b", "two");

    assertThat(log.update(List.of(one)).appeared()).containsExactly(one);
    log.update(List.of(one));
    ProblemLog.Change change = log.update(List.of(two));

    assertThat(change.appeared()).containsExactly(two);
    assertThat(change.gone()).containsExactly(one);
    assertThat(messages()).containsExactly("no?line", "two", "gone: no?line");
  }

  @Test
  void saysHowManyItDoesNotLog() {
    log.update(problems(ProblemLog.MAX_LINES));
    assertThat(messages()).hasSize(ProblemLog.MAX_LINES).containsOnly("wrong");

    log.update(List.of());
    lines.list.clear();
    log.update(problems(ProblemLog.MAX_LINES + 1));
    assertThat(messages())
        .hasSize(ProblemLog.MAX_LINES + 1)
        .endsWith("more problems than are logged");
    assertThat(lines.list.getLast().getKeyValuePairs())
        .singleElement()
        .satisfies(pair -> {
          assertThat(pair.key).isEqualTo("more");
          assertThat(pair.value).isEqualTo(1);
        });
  }
}
