// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.controlplane.identity.RotationState.Phase;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether what is stored goes back behind what was there: old manifests of an installation,
 * applied again after its root was replaced, bring back a root that proxies do not believe any
 * more, and a key that should be worth nothing. Pure.
 */
final class StoredAnchors {
  private StoredAnchors() {}

  /** In what way something goes back. */
  sealed interface Back {
    /** For a person. */
    String message();

    /** A root that a rotation has replaced, or its issuer, is there again. */
    record Replaced(String message) implements Back {}

    /** All anchors are others than before at once, and proxies had no time to learn of them. */
    record Unheard(String message) implements Back {}
  }

  /**
   * Looks at what was read.
   *
   * @param found what is stored now
   * @param known the record of the last rotation, as it was stored when all was good; empty before
   *     that
   * @param trust what is in use; null before the first
   */
  static Optional<Back> look(IssuerFiles found, String known, @Nullable Trust trust, Instant now) {
    RotationState state = parse(newer(found.rotation(), known));
    if (isOlder(found.rotation(), known)) {
      return Optional.of(
          new Back.Replaced(
              "the record of the rotation of "
                  + parse(found.rotation()).startedAt()
                  + " and the anchors of then are there again, as when a backup is applied"));
    }
    Set<X509Certificate> bundle = anchors(found.bundle());
    if (isSwitched(state.phase())) {
      Set<X509Certificate> old = anchors(state.oldAnchors());
      old.removeAll(anchors(state.newAnchor()));
      // While the issuer is being switched, the coming one is still beside the old one.
      boolean oldIssuer = found.nextChain().isEmpty() && isOf(found, old, now);
      if (oldIssuer || !bundle.isEmpty() && old.containsAll(bundle)) {
        return Optional.of(
            new Back.Replaced(
                (oldIssuer ? "the issuer" : "the anchors")
                    + " from before the rotation of "
                    + state.startedAt()
                    + " are there again, as when old manifests are applied"));
      }
    }
    if (trust == null
        || bundle.isEmpty()
        || bundle.contains(trust.issuer().anchor())
        || bundle.equals(explained(state))) {
      return Optional.empty();
    }
    return Optional.of(
        new Back.Unheard(
            "the anchors do not hold the one of the issuer in use, so that no proxy would believe"
                + " another; `mesh identity rotate` replaces a root without that"));
  }

  /** Whether a record is of an earlier rotation than another, or of an earlier phase of it. */
  static boolean isOlder(String record, String known) {
    RotationState state = parse(record);
    return state.phase() != Phase.NONE && state.isBefore(parse(known));
  }

  /** The record that is to be believed: what is stored, unless it is gone, damaged or older. */
  static String newer(String stored, String known) {
    return parse(stored).phase() == Phase.NONE || isOlder(stored, known) ? known : stored;
  }

  /** Whether both records are of one rotation, in the same phase. */
  static boolean sameStep(String record, String other) {
    return parse(record).isAt(parse(other));
  }

  /** What the record says that the anchors are to be, where they need not hold the one in use. */
  private static Set<X509Certificate> explained(RotationState state) {
    return switch (state.phase()) {
      case PRUNING, DONE -> anchors(state.newAnchor());
      case ABORTING, ABORTED -> anchors(state.oldAnchors());
      case NONE, TRUSTING, RENEWING -> Set.of();
    };
  }

  private static boolean isSwitched(Phase phase) {
    return phase == Phase.RENEWING || phase == Phase.PRUNING || phase == Phase.DONE;
  }

  private static boolean isOf(IssuerFiles found, Set<X509Certificate> anchors, Instant now) {
    return !anchors.isEmpty()
        && Issuer.parse(found.chain(), found.key(), TrustBundle.of(anchors), now)
            instanceof Issuer.Parsed.Accepted;
  }

  private static RotationState parse(String record) {
    try {
      return RotationState.parse(record);
    } catch (IllegalArgumentException e) {
      return RotationState.NONE; // the rotation itself says so
    }
  }

  /** Those that can be read; what else is wrong with them is judged elsewhere. */
  private static Set<X509Certificate> anchors(String pem) {
    try {
      List<X509Certificate> all = PemText.certificates(pem);
      return new HashSet<>(all);
    } catch (IllegalArgumentException e) {
      return new HashSet<>();
    }
  }
}
