// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;

/**
 * Where the replacement of the root stands. Kept beside the issuer, so that another process goes on
 * where this one ended.
 *
 * @param phase what is being done
 * @param startedAt when the rotation began
 * @param phaseSince when the phase began
 * @param oldAnchors PEM of the anchors to be removed in the end
 * @param newAnchor PEM of the one to stay
 * @param oldLeavesEnd when the last leaf of the old issuer ends; {@link Instant#EPOCH} before the
 *     issuer was switched
 * @param prune when the old anchors go
 * @param timeout how long a phase may wait for proxies before it says that it is held up
 * @param leaveBehind go on although proxies have not followed
 */
record RotationState(
    Phase phase,
    Instant startedAt,
    Instant phaseSince,
    String oldAnchors,
    String newAnchor,
    Instant oldLeavesEnd,
    Prune prune,
    Duration timeout,
    boolean leaveBehind) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** There was no rotation yet. */
  static final RotationState NONE =
      new RotationState(
          Phase.NONE,
          Instant.EPOCH,
          Instant.EPOCH,
          "",
          "",
          Instant.EPOCH,
          Prune.AFTER_LEAF_LIFETIME,
          Duration.ZERO,
          false);

  /** What is being done. The order is that of a metric's values. */
  enum Phase {
    /** Nothing, and nothing was. */
    NONE,
    /** Old and new anchors are believed; proxies learn of the new one. */
    TRUSTING,
    /** The new issuer issues; leaves of the old one are being replaced. */
    RENEWING,
    /** The old anchors are being removed. */
    PRUNING,
    /** The new anchor alone is believed. */
    DONE,
    /** The new anchor is being removed again. */
    ABORTING,
    /** The old anchors alone are believed, as before. */
    ABORTED;

    /** Whether there is something left to do. */
    boolean isActive() {
      return this == TRUSTING || this == RENEWING || this == PRUNING || this == ABORTING;
    }

    /** As the API writes it. */
    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** When the old anchors go. */
  enum Prune {
    /** As soon as no connected proxy uses a leaf of the old issuer. */
    NOW,
    /** When the last leaf of the old issuer has ended, connected or not. */
    AFTER_LEAF_LIFETIME;

    /** As in the API and on the command line. */
    String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Optional<Prune> parse(String label) {
      for (Prune prune : values()) {
        if (prune.label().equals(label)) {
          return Optional.of(prune);
        }
      }
      return Optional.empty();
    }
  }

  RotationState {
    requireNonNull(phase, "phase");
    requireNonNull(startedAt, "startedAt");
    requireNonNull(phaseSince, "phaseSince");
    requireNonNull(oldAnchors, "oldAnchors");
    requireNonNull(newAnchor, "newAnchor");
    requireNonNull(oldLeavesEnd, "oldLeavesEnd");
    requireNonNull(prune, "prune");
    requireNonNull(timeout, "timeout");
  }

  RotationState in(Phase next, Instant now) {
    return new RotationState(
        next,
        startedAt,
        now,
        oldAnchors,
        newAnchor,
        oldLeavesEnd,
        prune,
        timeout,
        leaveBehind && next == Phase.PRUNING);
  }

  /**
   * Whether it is of an earlier rotation, or of an earlier phase of the same. Phases are told apart
   * by their order: the clocks of two replicas may differ.
   */
  boolean isBefore(RotationState other) {
    int order = startedAt.compareTo(other.startedAt);
    return order < 0 || order == 0 && phase.compareTo(other.phase) < 0;
  }

  /** Whether both are of one rotation, in the same phase. */
  boolean isAt(RotationState other) {
    return startedAt.equals(other.startedAt) && phase == other.phase;
  }

  RotationState withOldLeavesEnd(Instant end) {
    return new RotationState(
        phase, startedAt, phaseSince, oldAnchors, newAnchor, end, prune, timeout, leaveBehind);
  }

  RotationState leavingBehind() {
    return new RotationState(
        phase, startedAt, phaseSince, oldAnchors, newAnchor, oldLeavesEnd, prune, timeout, true);
  }

  /** As it is stored. */
  String json() {
    return JSON.createObjectNode()
        .put("phase", phase.name())
        .put("startedAt", startedAt.toString())
        .put("phaseSince", phaseSince.toString())
        .put("oldAnchors", oldAnchors)
        .put("newAnchor", newAnchor)
        .put("oldLeavesEnd", oldLeavesEnd.toString())
        .put("prune", prune.label())
        .put("timeoutSeconds", timeout.toSeconds())
        .put("leaveBehind", leaveBehind)
        .toString();
  }

  /**
   * Reads what {@link #json} writes; empty text is {@link #NONE}.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static RotationState parse(String json) {
    if (json.isBlank()) {
      return NONE;
    }
    try {
      JsonNode node = JSON.readTree(json);
      return new RotationState(
          Phase.valueOf(node.path("phase").asText()),
          Instant.parse(node.path("startedAt").asText()),
          Instant.parse(node.path("phaseSince").asText()),
          node.path("oldAnchors").asText(),
          node.path("newAnchor").asText(),
          Instant.parse(node.path("oldLeavesEnd").asText()),
          Prune.parse(node.path("prune").asText()).orElseThrow(IllegalArgumentException::new),
          Duration.ofSeconds(node.path("timeoutSeconds").asLong()),
          node.path("leaveBehind").asBoolean());
    } catch (JsonProcessingException | DateTimeParseException | IllegalArgumentException e) {
      throw new IllegalArgumentException("the record of the rotation cannot be read", e);
    }
  }
}
