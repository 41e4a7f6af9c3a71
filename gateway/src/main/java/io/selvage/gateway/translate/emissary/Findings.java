// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.Problem;
import io.selvage.model.kube.ObjectRef;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What was found wrong with one object during one compilation; the same finding is kept once,
 * however many virtual hosts came across it. Confined to the compiling thread.
 */
final class Findings {
  /** Written as asked, but this part has no effect yet. */
  static final String NOT_YET_SUPPORTED = "NotYetSupported";

  /** A value that no gateway could honour. */
  static final String INVALID_VALUE = "InvalidValue";

  private final ObjectRef object;
  private final Set<Problem> problems = new LinkedHashSet<>();
  private boolean fatal;

  Findings(ObjectRef object) {
    this.object = object;
  }

  ObjectRef object() {
    return object;
  }

  /** The object is not served. */
  void error(String field, String reason, String message) {
    fatal = true;
    part(field, reason, message);
  }

  /**
   * What {@code field} says is not served, the rest of the object is. A missing Service is of this
   * kind: its route stays and answers 503, so that no wider route takes its requests.
   */
  void part(String field, String reason, String message) {
    problems.add(Problem.error(object, field, reason, message));
  }

  /** Served, but not entirely as written. */
  void warning(String field, String reason, String message) {
    problems.add(Problem.warning(object, field, reason, message));
  }

  /** A field that is read, understood and without effect. */
  void notSupported(String field, String consequence) {
    warning(field, NOT_YET_SUPPORTED, field + " is not supported yet: " + consequence);
  }

  /** {@link #error} for a value of a field. */
  void invalid(String field, String message) {
    error(field, INVALID_VALUE, message);
  }

  List<Problem> problems() {
    return new ArrayList<>(problems);
  }

  /** True if an error forbids to serve the object at all. */
  boolean isFatal() {
    return fatal;
  }
}
