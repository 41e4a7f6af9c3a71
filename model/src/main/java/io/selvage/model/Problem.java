// SPDX-License-Identifier: Apache-2.0
package io.selvage.model;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.ObjectRef;
import java.util.Optional;

/**
 * Something a user should mend, tied to the object (and, where it came from a file, the place) that
 * caused it. A problem is a value, never an exception: the object it names is left out or served in
 * part, everything else goes on.
 *
 * @param severity how much of the object is lost
 * @param object the object at fault; absent when a file could not be read far enough to name one
 * @param location file and line, where the source is a folder
 * @param field path of the offending field, such as {@code spec.rules[0].http}; empty when none
 * @param reason stable CamelCase word for statuses and Events, such as {@code ServiceNotFound}
 * @param message one sentence for a person, without secrets
 */
public record Problem(
    Severity severity,
    Optional<ObjectRef> object,
    Optional<SourceLocation> location,
    String field,
    String reason,
    String message)
    implements Comparable<Problem> {

  /** How much of the object is lost. */
  public enum Severity {
    /** The object, or the part named by the field, is not served. */
    ERROR,
    /** Served, but not entirely as written. */
    WARNING
  }

  public Problem {
    requireNonNull(severity, "severity");
    requireNonNull(object, "object");
    requireNonNull(location, "location");
    requireNonNull(field, "field");
    requireNonNull(reason, "reason");
    requireNonNull(message, "message");
  }

  /** An error of {@code object} in {@code field}. */
  public static Problem error(ObjectRef object, String field, String reason, String message) {
    return new Problem(
        Severity.ERROR, Optional.of(object), Optional.empty(), field, reason, message);
  }

  /** A warning about {@code object} in {@code field}. */
  public static Problem warning(ObjectRef object, String field, String reason, String message) {
    return new Problem(
        Severity.WARNING, Optional.of(object), Optional.empty(), field, reason, message);
  }

  /** The same problem with its place in a file. */
  public Problem at(SourceLocation where) {
    return new Problem(severity, object, Optional.of(where), field, reason, message);
  }

  /** Errors first, then by object, field and reason, so that listings are stable. */
  @Override
  public int compareTo(Problem o) {
    int bySeverity = severity.compareTo(o.severity);
    if (bySeverity != 0) {
      return bySeverity;
    }
    int byText = key().compareTo(o.key());
    return byText;
  }

  private String key() {
    return object.map(ObjectRef::toString).orElse("")
        + '|'
        + location.map(SourceLocation::toString).orElse("")
        + '|'
        + field
        + '|'
        + reason
        + '|'
        + message;
  }

  @Override
  public String toString() {
    return severity
        + " "
        + location.map(l -> l + " ").orElse("")
        + object.map(ObjectRef::toString).orElse("-")
        + (field.isEmpty() ? "" : " " + field)
        + ": "
        + message
        + " ("
        + reason
        + ")";
  }
}
