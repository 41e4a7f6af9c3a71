// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ObjectRef;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The problems there are: logged when they appear and when they are gone, shown meanwhile. */
final class ProblemLog {
  private static final Logger LOG = LoggerFactory.getLogger(ProblemLog.class);

  /** A folder of ten thousand broken files must not bury everything else. */
  private static final int MAX_LINES = 100;

  private volatile List<Problem> current = List.of();

  /** Replaces all problems; one caller at a time. */
  void update(List<Problem> problems) {
    if (problems.equals(current)) {
      return; // asked many times a second, on an event loop
    }
    Set<Problem> before = new HashSet<>(current);
    Set<Problem> now = new HashSet<>(problems);
    current = List.copyOf(problems);
    problems.stream()
        .filter(p -> !before.contains(p))
        .limit(MAX_LINES)
        .forEach(p ->
            write(
                p.severity() == Problem.Severity.ERROR ? Level.ERROR : Level.WARN, p, p.message()));
    before.stream()
        .filter(p -> !now.contains(p))
        .limit(MAX_LINES)
        .forEach(p -> write(Level.INFO, p, "gone: " + p.message()));
  }

  /** All of them. */
  List<Problem> current() {
    return current;
  }

  int size() {
    return current.size();
  }

  /** All problems as JSON, each with the place of its object where one is known. */
  String json(ClusterState state) {
    var all = new JsonArray();
    for (Problem problem : current) {
      Optional<SourceLocation> where =
          problem.location().or(() -> problem.object().flatMap(state::location));
      all.add(
          new JsonObject()
              .put("file", where.map(SourceLocation::file).orElse(""))
              .put("line", where.map(SourceLocation::line).orElse(0))
              .put("severity", problem.severity().name().toLowerCase(Locale.ROOT))
              .put("kind", problem.object().map(ObjectRef::kind).orElse(""))
              .put("namespace", problem.object().map(ObjectRef::namespace).orElse(""))
              .put("name", problem.object().map(ObjectRef::name).orElse(""))
              .put("field", problem.field())
              .put("reason", problem.reason())
              .put("message", problem.message()));
    }
    return all.encodePrettily() + "\n";
  }

  private static void write(Level level, Problem problem, String text) {
    LOG.atLevel(level)
        .addKeyValue("object", problem.object().map(ObjectRef::toString).orElse("-"))
        .addKeyValue("location", problem.location().map(Object::toString).orElse("-"))
        .addKeyValue("field", problem.field())
        .addKeyValue("reason", problem.reason())
        // Manifests are other people's text: no control character reaches a terminal.
        .log(text.replaceAll("\\p{Cntrl}", "?"));
  }
}
