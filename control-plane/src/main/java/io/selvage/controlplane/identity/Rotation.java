// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.identity.IssuerStorage.StorageException;
import io.selvage.controlplane.identity.RotationState.Phase;
import io.selvage.controlplane.identity.RotationState.Prune;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces root and issuer while everything runs, in phases that each outlive a restart:
 *
 * <ol>
 *   <li>trusting: a new root and issuer are made, old and new anchors are pushed; it waits until
 *       every connected proxy believes both
 *   <li>renewing: the new issuer issues, and proxies are asked to renew
 *   <li>pruning: no leaf chains to the old anchors any more, so they are removed
 * </ol>
 *
 * A phase only ever begins after what it is to do has been recorded, and doing it again changes
 * nothing. The root's key is never stored; the coming issuer's is, until it is used.
 *
 * <p>That nobody is waited for must be so for {@link IdentityOptions#settle} without a pause, while
 * the replicas stay the same ones: a proxy between two streams is in nobody's list. How long ago
 * something was is told by a clock that nobody sets; only ends of certificates are times of day.
 *
 * <p>Confined to the store's thread, but for {@link #phase} and {@link #report}.
 */
final class Rotation {
  private static final Logger log = LoggerFactory.getLogger(Rotation.class);

  /** First pause before proxies that did not renew are asked again; it doubles each time. */
  private static final Duration ASK_AGAIN = Duration.ofMinutes(1);

  /** Certificates know whole seconds: leaves issued this much later end later for certain. */
  private static final Duration TELL_APART = Duration.ofSeconds(1);

  private final IdentityOptions options;
  private final IssuerStorage storage;
  private final IssuerStore store;
  private final RecentProxies proxies;
  private final Runnable askToRenew;
  private final Replicas replicas;
  private final LongSupplier nanos;

  private volatile Report report = Report.idle(RotationState.NONE);

  /** The phase as it was seen last, and when it was seen first. */
  private RotationState seen = RotationState.NONE;

  private long seenNanos;

  /** When those waited for were asked to renew; null = not yet. */
  private @Nullable Long askedNanos;

  private Duration askPause = ASK_AGAIN;

  /** Since when nobody is waited for; null while somebody is. */
  private @Nullable Long calmNanos;

  /** The replicas that were calm. */
  private Set<String> calmReplicas = Set.of();

  /**
   * @param proxies those connected now
   * @param askToRenew tells every proxy to ask for a new leaf
   * @param replicas the other ones, which know other proxies
   * @param nanos as {@link System#nanoTime}
   */
  Rotation(
      IdentityOptions options,
      IssuerStorage storage,
      IssuerStore store,
      Supplier<List<ConnectedProxy>> proxies,
      Runnable askToRenew,
      Replicas replicas,
      LongSupplier nanos) {
    this.options = requireNonNull(options, "options");
    this.storage = requireNonNull(storage, "storage");
    this.store = requireNonNull(store, "store");
    this.proxies = new RecentProxies(proxies, options.settle());
    this.askToRenew = requireNonNull(askToRenew, "askToRenew");
    this.replicas = requireNonNull(replicas, "replicas");
    this.nanos = requireNonNull(nanos, "nanos");
  }

  /** Something that cannot be done now; the message says why. */
  static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
      super(message);
    }
  }

  /**
   * Where it stands.
   *
   * @param waitingFor proxies of this replica that the phase waits for
   * @param others what it waits for at other replicas
   * @param held whether it has waited for longer than it was to
   * @param trouble why the last step failed; empty if it did not
   */
  record Report(
      RotationState state,
      List<ConnectedProxy> waitingFor,
      Replicas.Others others,
      boolean held,
      String trouble) {
    Report {
      waitingFor = List.copyOf(waitingFor);
    }

    static Report idle(RotationState state) {
      return new Report(state, List.of(), Replicas.Others.NONE, false, "");
    }
  }

  /** As of the last step; from any thread. */
  Report report() {
    return report;
  }

  /** What is being done; from any thread. */
  Phase phase() {
    return report.state().phase();
  }

  /**
   * Begins one.
   *
   * @param timeout after which a phase says that it is held up
   */
  void start(Prune prune, Duration timeout, Instant now) throws RefusedException {
    Trust trust = store.trust();
    if (trust == null) {
      throw new RefusedException("there is no issuer yet");
    }
    RotationState before = state();
    if (before.phase().isActive()) {
      throw new RefusedException(
          "a rotation is running since "
              + before.startedAt()
              + ", in phase "
              + before.phase().label());
    }
    Optional<String> readOnly = storage.readOnly();
    if (readOnly.isPresent()) {
      throw new RefusedException(readOnly.get() + "; rotate it there");
    }
    var problem = store.problem().filter(p -> !p.reason().equals(IssuerStore.EXPIRED));
    if (problem.isPresent()) {
      throw new RefusedException("mend this first: " + problem.get().message());
    }
    var made =
        CertificateAuthorities.create(options.trustDomain(), now, options.authorityLifetime());
    // Of an issuer that has ended no leaf is left, so there is nothing to overlap with.
    boolean ended = now.isAfter(trust.issuer().notAfter());
    var state =
        new RotationState(
            ended ? Phase.RENEWING : Phase.TRUSTING,
            // Which of two is the later one must be certain, whatever the clocks of the replicas.
            now.isAfter(before.startedAt()) ? now : before.startedAt().plusMillis(1),
            now,
            trust.bundle().pem(),
            made.bundle().pem(),
            ended ? trust.issuer().notAfter() : Instant.EPOCH,
            prune,
            timeout,
            false);
    try {
      store.write(
          store
              .files()
              .withNext(made.issuerPem(), made.issuerKeyPem())
              .withRotation(state.json())
              .withBundle(trust.bundle().plus(made.bundle()).pem()),
          now);
    } catch (StorageException e) {
      throw new RefusedException(requireNonNull(e.getMessage()));
    }
    log.info("rotation begun: {} is to replace {}", made.bundle(), trust.bundle());
    report = Report.idle(state);
    step(now);
  }

  /** Goes on without the proxies that the present phase waits for. */
  void proceed(Instant now) throws RefusedException {
    RotationState state = state();
    if (state.phase() != Phase.TRUSTING && state.phase() != Phase.RENEWING) {
      throw new RefusedException("no rotation waits for anything");
    }
    record(state.leavingBehind(), store.files(), now);
    step(now);
  }

  /** Gives up, which is possible as long as nothing was issued by the new issuer. */
  void abort(Instant now) throws RefusedException {
    RotationState state = state();
    if (state.phase() != Phase.TRUSTING) {
      throw new RefusedException(
          state.phase().isActive()
              ? "the new issuer has issued already; there is no way back"
              : "there is no rotation");
    }
    record(state.in(Phase.ABORTING, now), store.files(), now);
    step(now);
  }

  private void record(RotationState state, IssuerFiles files, Instant now) throws RefusedException {
    try {
      store.write(files.withRotation(state.json()), now);
    } catch (StorageException e) {
      throw new RefusedException(requireNonNull(e.getMessage()));
    }
  }

  private RotationState state() throws RefusedException {
    try {
      return RotationState.parse(store.files().rotation());
    } catch (IllegalArgumentException e) {
      throw new RefusedException(requireNonNull(e.getMessage()));
    }
  }

  /** Does what is to be done now; cheap if that is nothing. */
  void step(Instant now) {
    RotationState state;
    try {
      state = state();
    } catch (RefusedException e) {
      trouble(report.state(), requireNonNull(e.getMessage()));
      return;
    }
    if (!state.phase().equals(phase())) {
      log.info("rotation: {}", state.phase().label());
    }
    note(state);
    try {
      switch (state.phase()) {
        case TRUSTING -> trusting(state, now);
        case RENEWING -> renewing(state, now);
        case PRUNING, ABORTING -> {
          if (replicas.leads(state)) {
            boolean pruning = state.phase() == Phase.PRUNING;
            finish(
                state,
                pruning ? Phase.DONE : Phase.ABORTED,
                pruning ? state.newAnchor() : state.oldAnchors(),
                now);
          } else {
            report = Report.idle(state);
          }
        }
        case NONE, DONE, ABORTED -> report = Report.idle(state);
      }
    } catch (StorageException e) {
      if (e.isConflict()) {
        log.debug("another replica was faster: {}", e.getMessage());
      } else {
        trouble(state, requireNonNull(e.getMessage()));
      }
    } catch (IllegalArgumentException e) {
      trouble(state, "what is stored is damaged: " + e.getMessage());
    }
  }

  /** Remembers when this replica saw a phase for the first time: from then on it waits. */
  private void note(RotationState state) {
    if (seen.phase() != state.phase() || !seen.phaseSince().equals(state.phaseSince())) {
      seenNanos = nanos.getAsLong();
      askedNanos = null;
      askPause = ASK_AGAIN;
      calmNanos = null;
    }
    seen = state;
    if (state.phase() != Phase.TRUSTING && state.phase() != Phase.RENEWING) {
      proxies.forget();
    }
  }

  private boolean isSeenFor(Duration least) {
    return isPast(seenNanos, least);
  }

  private boolean isPast(long since, Duration least) {
    return nanos.getAsLong() - since >= least.toNanos();
  }

  /**
   * Whether nobody has been waited for throughout the last while.
   *
   * @param others of now
   */
  private boolean isCalm(List<ConnectedProxy> behind, Replicas.Others others) {
    if (!behind.isEmpty() || !others.allDone()) {
      calmNanos = null;
      return false;
    }
    Long since = calmNanos;
    if (since == null || !others.lives().equals(calmReplicas)) {
      calmReplicas = others.lives();
      since = nanos.getAsLong();
      calmNanos = since;
    }
    return isPast(since, options.settle());
  }

  private void trouble(RotationState state, String message) {
    if (!report.trouble().equals(message)) {
      log.error("the rotation is held up: {}", message);
    }
    report = new Report(state, report.waitingFor(), report.others(), true, message);
  }

  private void trusting(RotationState state, Instant now) throws StorageException {
    TrustBundle both = TrustBundle.of(PemText.certificates(state.oldAnchors() + state.newAnchor()));
    IssuerFiles files = store.files();
    if (!TrustBundle.of(PemText.certificates(files.bundle())).containsAll(both)) {
      // Cut off between the record and the bundle.
      store.write(files.withBundle(both.pem()), now);
      return;
    }
    Trust trust = store.trust();
    if (trust == null || !trust.bundle().containsAll(both)) {
      trouble(state, "the bundle of both roots is not in use");
      return;
    }
    List<ConnectedProxy> behind = notBelieving(trust.bundle());
    Replicas.Others others = others(state, behind);
    boolean followed = isCalm(behind, others);
    if ((followed || state.leaveBehind()) && replicas.leads(state)) {
      switchIssuer(state, trust, now);
      return;
    }
    await(state, behind, others, now);
  }

  private void switchIssuer(RotationState state, Trust trust, Instant now) throws StorageException {
    IssuerFiles files = store.files();
    var judged = Issuer.parse(files.nextChain(), files.nextKey(), trust.bundle(), now);
    if (judged instanceof Issuer.Parsed.Rejected(String _, String message)) {
      trouble(state, "the issuer that is to come is unusable (abort and start again): " + message);
      return;
    }
    Instant end =
        earlier(
            now.plus(storage.lag())
                .plus(options.leafLifetime())
                .plus(options.skew())
                .plus(clocksApart()),
            trust.issuer().notAfter());
    var next = state.withOldLeavesEnd(end).in(Phase.RENEWING, now);
    store.write(
        files
            .withRotation(next.json())
            .withIssuer(files.nextChain(), files.nextKey())
            .withNext("", ""),
        now);
    step(now);
  }

  private void renewing(RotationState state, Instant now) throws StorageException {
    IssuerFiles files = store.files();
    if (!files.nextChain().isEmpty()) {
      // Cut off between the record and the issuer.
      store.write(files.withIssuer(files.nextChain(), files.nextKey()).withNext("", ""), now);
      return;
    }
    Trust trust = store.trust();
    if (trust == null) {
      trouble(state, "there is no issuer");
      return;
    }
    var behind = new ArrayList<ConnectedProxy>();
    for (ConnectedProxy proxy : proxies.look(nanos.getAsLong())) {
      Instant end = Instant.ofEpochMilli(proxy.certificateNotAfterMillis());
      if (!end.isAfter(state.oldLeavesEnd())) {
        behind.add(proxy);
      }
    }
    Duration apart = storage.lag().plus(TELL_APART).plus(clocksApart());
    boolean canTell = isSeenFor(apart);
    if (!behind.isEmpty()
        && canTell
        && (askedNanos == null || isPast(requireNonNull(askedNanos), askPause))) {
      if (askedNanos != null) {
        askPause = askPause.multipliedBy(2);
      }
      askToRenew.run();
      askedNanos = nanos.getAsLong();
    }
    Replicas.Others others = others(state, behind);
    // A replica that has not followed issues old leaves still.
    boolean ended =
        now.isAfter(state.oldLeavesEnd()) && (others.silent().isEmpty() || state.leaveBehind());
    boolean renewed = isCalm(behind, others) && isSeenFor(apart.plus(options.settle()));
    boolean due = ended || state.prune() == Prune.NOW && (renewed || state.leaveBehind());
    if (due && replicas.leads(state)) {
      store.write(files.withRotation(state.in(Phase.PRUNING, now).json()), now);
      step(now);
      return;
    }
    await(state, behind, others, now);
  }

  /** Whoever is told to leave others behind does not need to hear them. */
  private Replicas.Others others(RotationState state, List<ConnectedProxy> behind)
      throws StorageException {
    try {
      return replicas.exchange(state, labels(behind));
    } catch (StorageException e) {
      if (!state.leaveBehind()) {
        throw e;
      }
      log.debug("other replicas cannot be heard, and are left behind: {}", e.getMessage());
      return Replicas.Others.NONE;
    }
  }

  private void finish(RotationState state, Phase last, String anchors, Instant now)
      throws StorageException {
    TrustBundle kept = TrustBundle.of(PemText.certificates(anchors));
    IssuerFiles files = store.files().withBundle(kept.pem()).withNext("", "");
    store.write(files.withRotation(state.json()), now);
    Trust trust = store.trust();
    if (trust == null || !trust.bundle().equals(kept)) {
      trouble(state, "the remaining root is not in use");
      return;
    }
    RotationState end = state.in(last, now);
    store.write(store.files().withRotation(end.json()), now);
    report = Report.idle(end);
    log.info("rotation {}: {}", last.label(), kept);
  }

  private void await(
      RotationState state, List<ConnectedProxy> behind, Replicas.Others others, Instant now) {
    boolean waits = !behind.isEmpty() || !others.allDone();
    boolean held = waits && now.isAfter(state.phaseSince().plus(state.timeout()));
    if (held && !report.held()) {
      log.warn(
          "the rotation waits for {} proxies of this replica, such as {}; for {} of others, such as"
              + " {}; and for the replicas {}",
          behind.size(),
          labels(behind).stream().findFirst().orElse("-"),
          others.count(),
          others.waitingFor().stream().findFirst().orElse("-"),
          others.silent());
    }
    report = new Report(state, behind, others, held, "");
  }

  private static List<String> labels(List<ConnectedProxy> proxies) {
    return proxies.stream().map(Rotation::label).sorted().toList();
  }

  private List<ConnectedProxy> notBelieving(TrustBundle bundle) {
    return proxies.look(nanos.getAsLong()).stream()
        .filter(p -> !p.bundle().equals(bundle.fingerprint()))
        .toList();
  }

  /** The pod, or the identity of a proxy without one. */
  static String label(ConnectedProxy proxy) {
    return proxy.pod().name().isEmpty() ? proxy.identity().shortName() : proxy.pod().toString();
  }

  /**
   * How far the clocks of two replicas may be apart. A leaf that another one issued before it
   * followed may end so much later than it would here.
   */
  private Duration clocksApart() {
    return replicas.alone() ? Duration.ZERO : TrustBundle.SKEW.multipliedBy(2);
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }
}
