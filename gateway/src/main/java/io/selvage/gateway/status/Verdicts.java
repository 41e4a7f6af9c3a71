// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.status;

import io.selvage.model.ObjectStatus;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.Problem;
import io.selvage.model.kube.ObjectRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Joins what the compiler found with what came to light when the model was applied, such as a port
 * that is in use.
 *
 * @param statuses one for each claimed object
 * @param unclaimed problems of no claimed object
 * @param problems all of them
 */
public record Verdicts(
    List<ObjectStatus> statuses, List<Problem> unclaimed, List<Problem> problems) {
  public Verdicts {
    statuses = List.copyOf(statuses);
    unclaimed = List.copyOf(unclaimed);
    problems = List.copyOf(problems);
  }

  /**
   * Adds the problems of applying a model. An object that has an error no longer counts as running.
   */
  public static Verdicts of(
      List<ObjectStatus> compiled, List<Problem> fromCompiling, List<Problem> fromApplying) {
    Map<ObjectRef, List<Problem>> late = new HashMap<>();
    for (Problem p : fromApplying) {
      p.object().ifPresent(o -> late.computeIfAbsent(o, k -> new ArrayList<>()).add(p));
    }
    List<ObjectStatus> statuses =
        compiled.stream().map(s -> with(s, late.getOrDefault(s.object(), List.of()))).toList();
    Set<ObjectRef> claimed =
        compiled.stream().map(ObjectStatus::object).collect(Collectors.toSet());
    var all = new ArrayList<>(fromCompiling);
    all.addAll(fromApplying);
    List<Problem> sorted = all.stream().sorted().distinct().toList();
    List<Problem> unclaimed =
        sorted.stream().filter(p -> p.object().filter(claimed::contains).isEmpty()).toList();
    return new Verdicts(statuses, unclaimed, sorted);
  }

  private static ObjectStatus with(ObjectStatus status, List<Problem> late) {
    if (late.isEmpty()) {
      return status;
    }
    var problems = new ArrayList<>(status.problems());
    problems.addAll(late);
    Problem worst = late.stream().sorted().findFirst().orElseThrow();
    boolean worse = status.state() == State.RUNNING && worst.severity() == Problem.Severity.ERROR;
    return new ObjectStatus(
        status.object(),
        status.generation(),
        worse ? State.PARTIAL : status.state(),
        worse ? worst.reason() : status.reason(),
        worse ? worst.message() : status.message(),
        problems);
  }
}
