// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.identity.IssuerStorage.StorageException;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.model.Problem;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The issuer and the anchors in use. What the storage holds is taken over when all of it is good;
 * otherwise the last good ones stay, and a problem says why. What a rotation has replaced is not
 * taken back: the storage gets the present ones again. Changed by one thread, read by any.
 */
final class IssuerStore {
  private static final Logger log = LoggerFactory.getLogger(IssuerStore.class);

  /** Reason of the problem that the issuer in use has ended. */
  static final String EXPIRED = "IssuerExpired";

  /** Reason of the problem that somebody else has not made what he keeps. */
  static final String MISSING = "IssuerMissing";

  private final IdentityOptions options;
  private final IssuerStorage storage;
  private final IdentityEvents events;
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final AtomicLong skipped = new AtomicLong();

  /** Reason of the event that a root that was replaced, or its issuer, was there again. */
  static final String WENT_BACK = "IssuerWentBack";

  /** Reason of the problem that all anchors are others at once. */
  static final String UNHEARD = "AnchorsUnheard";

  /**
   * Whoever applies old manifests again and again is not raced. Each of the two objects has its own
   * minute: many apply one after the other.
   */
  private static final Duration RESTORE_EVERY = Duration.ofMinutes(1);

  /** As last taken over, or last found bad. */
  private IssuerFiles judged = IssuerFiles.NONE;

  /** As last read. */
  private IssuerFiles files = IssuerFiles.NONE;

  /** As they were read when they were good for the last time. */
  private IssuerFiles good = IssuerFiles.NONE;

  /** When the ConfigMap was put back, and when the Secret was. */
  private @Nullable Instant anchorsRestoredAt;

  private @Nullable Instant issuerRestoredAt;

  /** Whether {@link #judged} was found bad. It is tried again: time alone may make it good. */
  private boolean bad;

  /** Found bad once: perhaps still being written, so judged only if it is the same again. */
  private @Nullable IssuerFiles suspect;

  private volatile @Nullable Trust trust;
  private volatile @Nullable Problem problem;

  IssuerStore(IdentityOptions options, IssuerStorage storage, IdentityEvents events) {
    this.options = requireNonNull(options, "options");
    this.storage = requireNonNull(storage, "storage");
    this.events = requireNonNull(events, "events");
  }

  /** Told of each change, on the store's thread, after it is in use. */
  @FunctionalInterface
  interface Listener {
    void changed(@Nullable Trust before, Trust now);
  }

  void listen(Listener listener) {
    listeners.add(listener);
  }

  /** What is in use; null before anything good was found. */
  @Nullable Trust trust() {
    return trust;
  }

  /** What is wrong now. */
  Optional<Problem> problem() {
    return Optional.ofNullable(problem);
  }

  /** How often a new issuer or new anchors were not taken over. */
  long skipped() {
    return skipped.get();
  }

  /** As last read or written; for the rotation, on the store's thread. */
  IssuerFiles files() {
    return files;
  }

  /**
   * Reads the storage and takes over what is new.
   *
   * @return whether it should be read again soon, because what was found may be half written
   */
  boolean refresh(Instant now) {
    IssuerFiles found;
    try {
      found = storage.read();
      Optional<String> keeper = storage.readOnly();
      List<String> missing = storage.missing();
      if (keeper.isPresent() && !missing.isEmpty()) {
        judged = IssuerFiles.NONE;
        report(MISSING, keeper.get() + ", and there is " + String.join(" and ", missing));
        return false;
      }
      if (trust == null && keeper.isEmpty() && found.isEmpty()) {
        found = create(now);
      } else if (trust == null && keeper.isEmpty() && found.isHalfMade()) {
        found = finish(found);
      }
    } catch (StorageException e) {
      // Whatever is found once it can be read again is judged anew.
      judged = IssuerFiles.NONE;
      report("IssuerUnreadable", requireNonNull(e.getMessage()));
      return false;
    }
    files = found;
    if (bad
        || !found.sameIssuer(judged)
        || storage.mayGoBack() && StoredAnchors.isOlder(found.rotation(), good.rotation())) {
      return take(found, now, false);
    }
    good = found;
    checkExpiry(now);
    return false;
  }

  /** Writes and takes over at once; for the rotation. */
  void write(IssuerFiles after, Instant now) throws StorageException {
    storage.write(files, after);
    files = after;
    if (!after.sameIssuer(judged)) {
      suspect = after; // as we wrote it, so it is not half written
      take(after, now, true);
    } else if (!bad) {
      good = after;
    }
  }

  private IssuerFiles create(Instant now) throws StorageException {
    var made =
        CertificateAuthorities.create(options.trustDomain(), now, options.authorityLifetime());
    // All of it is in one place before any of it is in use: whoever is cut off after that, or
    // finds it so, goes on with the same.
    IssuerFiles before = storage.read();
    storage.write(
        before, before.withNext(made.issuerPem() + made.bundle().pem(), made.issuerKeyPem()));
    return finish(storage.read());
  }

  /** Puts what was made at a first start in its places, as far as that has not happened. */
  private IssuerFiles finish(IssuerFiles draft) throws StorageException {
    List<X509Certificate> chain;
    try {
      chain = PemText.certificates(draft.nextChain());
    } catch (IllegalArgumentException e) {
      return draft; // judged as it is
    }
    if (chain.size() != 2) {
      return draft;
    }
    storage.write(
        draft,
        draft
            .withBundle(PemText.write(chain.getLast()))
            .withIssuer(PemText.write(chain.getFirst()), draft.nextKey())
            .withNext("", ""));
    log.info("made a root and an issuer in {}", storage.describe());
    return storage.read();
  }

  /**
   * @param ours whether we have written it ourselves
   */
  private boolean take(IssuerFiles found, Instant now, boolean ours) {
    Optional<StoredAnchors.Back> back =
        ours || !storage.mayGoBack()
            ? Optional.empty()
            : StoredAnchors.look(found, good.rotation(), trust, now);
    Judgement judgement =
        back.map(b ->
                (Judgement)
                    new Judgement.Bad(
                        b instanceof StoredAnchors.Back.Replaced ? WENT_BACK : UNHEARD,
                        b.message()))
            .orElseGet(() -> judge(found, storage.revision(), now));
    return switch (judgement) {
      case Judgement.Bad(String reason, String message) -> {
        if (trust != null && !found.sameIssuer(judged) && !found.equals(suspect)) {
          suspect = found;
          yield true;
        }
        if (reason.equals(WENT_BACK) && mayRestore(found, now)) {
          yield restore(found, message, now);
        }
        judged = found;
        bad = true;
        if (report(reason, message)) {
          skipped.incrementAndGet();
        }
        yield false;
      }
      case Judgement.Good(Trust next) -> {
        judged = found;
        bad = false;
        suspect = null;
        good = found;
        use(next);
        yield false;
      }
    };
  }

  private boolean mayRestore(IssuerFiles found, Instant now) {
    // Those of a replica that has not followed yet are not the present ones: another puts
    // these back.
    return trust != null
        && !good.chain().isEmpty()
        && StoredAnchors.sameStep(known(found), good.rotation())
        && (found.sameIssuerAlone(good) || isLongAgo(issuerRestoredAt, now))
        && (found.sameAnchors(good.withRotation(known(found)))
            || isLongAgo(anchorsRestoredAt, now));
  }

  private static boolean isLongAgo(@Nullable Instant last, Instant now) {
    return last == null || Duration.between(last, now).abs().compareTo(RESTORE_EVERY) >= 0;
  }

  /** The record to go by: whoever replaces the whole object takes it away, or brings an old one. */
  private String known(IssuerFiles found) {
    return StoredAnchors.newer(found.rotation(), good.rotation());
  }

  /** Puts the present ones back, and says so; whether it should be read again soon. */
  private boolean restore(IssuerFiles found, String message, Instant now) {
    IssuerFiles present = good.withRotation(known(found));
    String text = storage.describe() + ": " + message + "; those in use are put back";
    try {
      storage.write(found, present);
    } catch (StorageException e) {
      if (e.isConflict()) {
        return true; // another replica was faster, or they are still being applied
      }
      judged = found;
      bad = true;
      report(WENT_BACK, message + ", and cannot be put right: " + e.getMessage());
      return false;
    }
    if (!found.sameIssuerAlone(present)) {
      issuerRestoredAt = now;
    }
    if (!found.sameAnchors(present)) {
      anchorsRestoredAt = now;
    }
    skipped.incrementAndGet();
    log.error("{} ({})", text, WENT_BACK);
    events.issuerSkipped(WENT_BACK, text);
    files = present;
    suspect = present;
    take(present, now, true);
    return false;
  }

  private void use(Trust next) {
    Trust before = trust;
    if (problem != null) {
      log.info("{}: good again", storage.describe());
      problem = null;
    }
    if (before != null
        && before.issuer().sameAs(next.issuer())
        && before.bundle().equals(next.bundle())) {
      if (before.revision() != next.revision()) {
        trust = next;
      }
      return;
    }
    trust = next;
    announce(before, next);
  }

  private void announce(@Nullable Trust before, Trust now) {
    log.info(
        "{} issuer {}, anchors {}",
        before == null ? "using" : "changed to",
        now.issuer(),
        now.bundle());
    if (before != null) {
      events.issuerUpdated("now " + now.issuer() + " with " + now.bundle());
    }
    for (Listener listener : listeners) {
      try {
        listener.changed(before, now);
      } catch (RuntimeException e) {
        log.error("a listener failed", e);
      }
    }
  }

  private sealed interface Judgement {
    record Good(Trust trust) implements Judgement {}

    record Bad(String reason, String message) implements Judgement {}
  }

  private static Judgement judge(IssuerFiles found, long revision, Instant now) {
    return switch (TrustBundle.parse(found.bundle())) {
      case TrustBundle.Parsed.Rejected(String reason, String message) ->
          new Judgement.Bad(reason, message);
      case TrustBundle.Parsed.Accepted(TrustBundle bundle) ->
          switch (Issuer.parse(found.chain(), found.key(), bundle, now)) {
            case Issuer.Parsed.Rejected(String reason, String message) ->
                new Judgement.Bad(reason, message);
            case Issuer.Parsed.Accepted(Issuer issuer) ->
                new Judgement.Good(new Trust(issuer, bundle, revision));
          };
    };
  }

  private void checkExpiry(Instant now) {
    Trust current = trust;
    if (current == null) {
      return;
    }
    if (now.isAfter(current.issuer().notAfter())) {
      report(EXPIRED, "the issuer in use ended at " + current.issuer().notAfter());
    }
  }

  /** Whether this is news. */
  private boolean report(String reason, String message) {
    Problem current = problem;
    String text = storage.describe() + ": " + message;
    if (current != null && current.reason().equals(reason) && current.message().equals(text)) {
      return false;
    }
    problem =
        new Problem(Problem.Severity.ERROR, Optional.empty(), Optional.empty(), "", reason, text);
    boolean kept = trust != null;
    log.error("{} ({}); {}", text, reason, kept ? "the old one stays" : "nothing can be issued");
    events.issuerSkipped(reason, text);
    return true;
  }
}
