// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import io.selvage.model.Problem;
import io.selvage.model.kube.ObjectRef;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Logs each problem when it appears and when it is gone, not at every compilation. Not thread-safe.
 */
public final class ProblemLog {
  private static final Logger LOG = LoggerFactory.getLogger(ProblemLog.class);

  /** A folder of ten thousand broken files must not bury everything else. */
  static final int MAX_LINES = 100;

  private Set<Problem> known = Set.of();

  /** What changed since the last call. */
  public record Change(Set<Problem> appeared, Set<Problem> gone) {}

  /**
   * Logs the difference to the last call, {@link #MAX_LINES} lines of either kind at most, and
   * returns it.
   */
  public Change update(Collection<Problem> problems) {
    var now = new LinkedHashSet<>(problems);
    var appeared = new LinkedHashSet<>(now);
    appeared.removeAll(known);
    var gone = new LinkedHashSet<>(known);
    gone.removeAll(now);
    known = now;
    appeared.stream().limit(MAX_LINES).forEach(ProblemLog::log);
    gone.stream().limit(MAX_LINES).forEach(p -> write(Level.INFO, p, "gone: " + p.message()));
    int more = Math.max(0, appeared.size() - MAX_LINES);
    if (more > 0) {
      LOG.atWarn().addKeyValue("more", more).log("more problems than are logged");
    }
    return new Change(appeared, gone);
  }

  private static void log(Problem problem) {
    Level level = problem.severity() == Problem.Severity.ERROR ? Level.ERROR : Level.WARN;
    write(level, problem, problem.message());
  }

  private static void write(Level level, Problem problem, String text) {
    LOG.atLevel(level)
        .addKeyValue("object", problem.object().map(ObjectRef::toString).orElse("-"))
        .addKeyValue("location", problem.location().map(Object::toString).orElse("-"))
        .addKeyValue("field", problem.field())
        .addKeyValue("reason", problem.reason())
        .log(printable(text));
  }

  /** Manifests are other people's text: no control character of theirs reaches a terminal. */
  private static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }
}
