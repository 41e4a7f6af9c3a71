// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.manifest;

import static java.util.Objects.requireNonNull;

import java.util.Locale;
import java.util.Set;

/**
 * What became of one object of a manifest.
 *
 * @param kind as written; empty where it is missing
 * @param name empty where it is missing
 * @param notes what there is to warn of
 */
public record ObjectReport(String kind, String name, Outcome outcome, Set<Note> notes) {
  /** What was done. */
  public enum Outcome {
    /** It will get a sidecar, or has one now. */
    INJECTED,
    /** Only its own annotations were changed. */
    ANNOTATED,
    /** What belongs to the mesh was taken out. */
    UNINJECTED,
    /** Nothing. */
    SKIPPED;

    /** For a line about the object. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What was seen. */
  public enum Note {
    HOST_NETWORK,
    SIDECAR,
    INJECT_DISABLED,
    UDP,
    /** A kind that the mesh has nothing to do with. */
    UNSUPPORTED
  }

  public ObjectReport {
    requireNonNull(kind, "kind");
    requireNonNull(name, "name");
    requireNonNull(outcome, "outcome");
    notes = Set.copyOf(notes);
  }

  /** {@code deployment/web}. */
  public String reference() {
    return kind.toLowerCase(Locale.ROOT) + "/" + name;
  }

  /** {@code deployment "web" injected}. */
  public String line() {
    return kind.isEmpty()
        ? "document missing \"kind\" field, skipped"
        : "%s \"%s\" %s".formatted(kind.toLowerCase(Locale.ROOT), name, outcome.word());
  }
}
