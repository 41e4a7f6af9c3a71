// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.selvage.kube.ProblemLog;
import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ObjectRef;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The problems there are: logged when they appear and when they are gone, shown meanwhile. */
final class CurrentProblems {
  private final ProblemLog log = new ProblemLog();
  private volatile List<Problem> current = List.of();

  /** Replaces all problems; one caller at a time. */
  void update(List<Problem> problems) {
    current = List.copyOf(problems);
    log.update(current);
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
}
