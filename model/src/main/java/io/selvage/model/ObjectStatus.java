// SPDX-License-Identifier: Apache-2.0
package io.selvage.model;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.ObjectRef;
import java.util.List;

/**
 * What became of one object that Selvage claims: the wanted content of its status. A compiler makes
 * one for each object it considered its own; a status writer compares it with what the API server
 * holds and writes the difference.
 *
 * @param object whose status this is
 * @param generation {@code metadata.generation} of the version that was compiled; 0 from a folder
 * @param state whether it serves
 * @param reason stable CamelCase word, such as {@code Accepted} or {@code ServiceNotFound}
 * @param message one sentence for a person; empty when there is nothing to add
 * @param problems everything wrong with this object, errors first; each becomes an Event
 */
public record ObjectStatus(
    ObjectRef object,
    long generation,
    State state,
    String reason,
    String message,
    List<Problem> problems)
    implements Comparable<ObjectStatus> {

  /** Whether an object serves. */
  public enum State {
    /** Serves as written. */
    RUNNING("Running"),
    /** Serves in part; the problems say what is missing. */
    PARTIAL("Partial"),
    /** Serves nothing. */
    INACTIVE("Inactive");

    private final String text;

    State(String text) {
      this.text = text;
    }

    /** The word written to {@code status.state}. */
    public String text() {
      return text;
    }
  }

  public ObjectStatus {
    requireNonNull(object, "object");
    requireNonNull(state, "state");
    requireNonNull(reason, "reason");
    requireNonNull(message, "message");
    problems = problems.stream().sorted().toList();
  }

  /** An object served as written. */
  public static ObjectStatus running(ObjectRef object, long generation) {
    return new ObjectStatus(object, generation, State.RUNNING, "Accepted", "", List.of());
  }

  /** By object, so that listings are stable. */
  @Override
  public int compareTo(ObjectStatus o) {
    return object.compareTo(o.object);
  }
}
