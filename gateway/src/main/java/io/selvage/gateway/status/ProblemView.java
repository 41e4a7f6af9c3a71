// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.status;

import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ObjectRef;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A problem as people and programs are shown it: by {@code mesh lint} and the admin page {@code
 * /problems}.
 *
 * @param file where the object was read from; empty when it came from an API server
 * @param line counted from 1; 0 when unknown
 * @param severity {@code error} or {@code warning}
 * @param kind kind of the object at fault; empty, like namespace and name, when none is known
 */
public record ProblemView(
    String file,
    int line,
    String severity,
    String kind,
    String namespace,
    String name,
    String field,
    String reason,
    String message) {
  private static final Comparator<ProblemView> BY_PLACE =
      Comparator.comparing(ProblemView::file)
          .thenComparingInt(ProblemView::line)
          .thenComparing(ProblemView::severity)
          .thenComparing(ProblemView::toString);

  /** All problems, sorted by file, line and severity, each once. */
  public static List<ProblemView> of(List<Problem> problems, ClusterState state) {
    return problems.stream().map(p -> of(located(p, state))).sorted(BY_PLACE).distinct().toList();
  }

  /** The problem with the place of its object, where it has no more precise one. */
  public static Problem located(Problem problem, ClusterState state) {
    return problem.location().isPresent()
        ? problem
        : problem.object().flatMap(state::location).map(problem::at).orElse(problem);
  }

  private static ProblemView of(Problem problem) {
    Optional<SourceLocation> where = problem.location();
    Optional<ObjectRef> object = problem.object();
    return new ProblemView(
        where.map(SourceLocation::file).orElse(""),
        where.map(SourceLocation::line).orElse(0),
        problem.severity().name().toLowerCase(Locale.ROOT),
        object.map(ObjectRef::kind).orElse(""),
        object.map(ObjectRef::namespace).orElse(""),
        object.map(ObjectRef::name).orElse(""),
        problem.field(),
        problem.reason(),
        problem.message());
  }

  /** {@code file:line: severity Kind namespace/name field: message (Reason)}. */
  @Override
  public String toString() {
    var text = new StringBuilder();
    if (!file.isEmpty()) {
      text.append(new SourceLocation(file, line)).append(": ");
    }
    text.append(severity);
    if (!kind.isEmpty()) {
      text.append(' ').append(new ObjectRef(kind, namespace, name));
    }
    if (!field.isEmpty()) {
      text.append(' ').append(field);
    }
    return text.append(": ").append(message).append(" (").append(reason).append(')').toString();
  }
}
