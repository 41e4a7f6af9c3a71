// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.controlplane.identity.RotationState.Phase;
import io.selvage.controlplane.identity.RotationState.Prune;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two replicas of a control plane with one storage, each with proxies of its own. */
class ReplicatedRotationTest {
  private static final WorkloadIdentity WEB = new WorkloadIdentity("cluster.local", "shop", "web");
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  @TempDir private Path dir;
  private final TestClock clock = new TestClock();
  private final IdentityOptions options =
      IdentityOptions.defaults(new WorkloadIdentity("cluster.local", "selvage", "control-plane"));
  private final Board board = new Board();
  private @Nullable Set<String> running = Set.of("cp-a", "cp-b");
  private int lives;
  private Replica a;
  private Replica b;
  private TrustBundle old;

  /** What replicas have said. */
  private static final class Board implements ReplicaBoard {
    final Map<String, String> notes = new TreeMap<>();
    boolean failing;

    @Override
    public void post(String replica, String note, Set<String> keep) {
      notes.keySet().retainAll(keep);
      notes.put(replica, note);
    }

    @Override
    public Map<String, String> read() throws IssuerStorage.StorageException {
      if (failing) {
        throw new IssuerStorage.StorageException("the board is away", new IOException());
      }
      return Map.copyOf(notes);
    }
  }

  private final class Replica {
    final FakeFleet fleet = new FakeFleet();
    final IssuerStore store;
    final Rotation rotation;

    /** How far this machine's clock is ahead. */
    Duration ahead;

    Replica(String name) {
      this(name, Duration.ZERO);
    }

    Replica(String name, Duration ahead) {
      this.ahead = ahead;
      var storage = new FolderStorage(dir);
      store = new IssuerStore(options, storage, IdentityEvents.NONE);
      store.refresh(now());
      rotation =
          new Rotation(
              options,
              storage,
              store,
              fleet::proxies,
              () -> fleet.bundleChanged(true),
              new Replicas(
                  name,
                  "life " + lives++,
                  options.settle(),
                  clock::nanos,
                  () -> Optional.ofNullable(running),
                  Optional.of(board)),
              clock::nanos);
    }

    Instant now() {
      return clock.instant().plus(ahead);
    }

    void step() {
      if (store.refresh(now())) {
        store.refresh(now());
      }
      rotation.step(now());
    }

    Phase phase() {
      return rotation.phase();
    }
  }

  @BeforeEach
  void open() {
    a = new Replica("cp-a");
    b = new Replica("cp-b");
    old = a.store.trust().bundle();
    clock.advance(Duration.ofHours(1));
  }

  private void pass(Duration time) {
    clock.advance(time);
    for (int i = 0; i < 3; i++) {
      a.step();
      b.step();
      clock.advance(Duration.ofSeconds(1));
    }
  }

  /** Long enough for all to hear each other, and for nobody to be missed. */
  private void settle() {
    for (int i = 0; i < 4; i++) {
      pass(Duration.ofSeconds(5));
    }
  }

  private Instant leafEnd() {
    return leafEnd(a);
  }

  private Instant leafEnd(Replica by) {
    return by.store
        .trust()
        .issuer()
        .issue(
            WEB,
            WorkloadKeys.create().getPublic(),
            by.now(),
            options.leafLifetime(),
            options.skew())
        .notAfter();
  }

  @Test
  void noReplicaGoesOnBeforeTheProxiesOfAllHaveFollowed() throws Exception {
    b.fleet.put("far", old.fingerprint(), leafEnd());
    a.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    pass(options.settle());
    TrustBundle both = a.store.trust().bundle();

    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);
    assertThat(a.rotation.report().others().waitingFor()).containsExactly("shop/far");
    assertThat(a.rotation.report().others().count()).isEqualTo(1);
    pass(TIMEOUT);
    assertThat(a.rotation.report().held()).isTrue();
    assertThat(a.store.trust().issuer().anchor()).isEqualTo(old.anchors().getFirst());

    b.fleet.put("far", both.fingerprint(), leafEnd());
    pass(Duration.ofSeconds(10));
    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);
    settle();
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
    assertThat(b.phase()).isEqualTo(Phase.RENEWING);
    settle();
    settle();
    assertThat(b.fleet.pushes).as("each asks its own").contains(true);

    pass(options.settle().plusSeconds(2));
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
    assertThat(a.store.trust().bundle()).isEqualTo(both);
    b.fleet.put("far", both.fingerprint(), leafEnd());
    settle();
    settle();
    assertThat(a.phase()).isEqualTo(Phase.DONE);
    assertThat(b.phase()).isEqualTo(Phase.DONE);
    assertThat(b.store.trust().bundle()).isEqualTo(both.minus(old));
  }

  @Test
  void aReplicaThatSaysNothingHoldsItUpAndIsNamed() throws Exception {
    a.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    clock.advance(TIMEOUT.plusSeconds(1));
    a.step();
    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);
    assertThat(a.rotation.report().held()).isTrue();
    assertThat(a.rotation.report().others().silent()).containsExactly("cp-b");

    // What it said long ago, or of another phase, is as if it had said nothing.
    b.step();
    clock.advance(Replicas.FRESH.plusSeconds(1));
    a.step();
    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);

    running = Set.of("cp-a");
    a.step();
    clock.advance(options.settle().minusMillis(1));
    a.step();
    assertThat(a.phase()).as("its proxies may be on their way").isEqualTo(Phase.TRUSTING);
    clock.advance(Duration.ofMillis(1));
    a.step();
    assertThat(a.phase()).as("its pod is gone").isEqualTo(Phase.RENEWING);
  }

  /** While a proxy goes from one replica to the other, neither lists it. */
  @Test
  void theProxiesOfAReplicaThatGoesAreWaitedFor() throws Exception {
    a.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    b.fleet.put("far", old.fingerprint(), leafEnd());
    settle();
    assertThat(a.rotation.report().others().waitingFor()).containsExactly("shop/far");
    running = Set.of("cp-a");
    a.step();
    clock.advance(Duration.ofSeconds(11));
    a.step();
    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);
    a.fleet.put("far", old.fingerprint(), leafEnd());
    clock.advance(options.settle());
    a.step();
    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);
    assertThat(a.rotation.report().waitingFor())
        .extracting(Rotation::label)
        .containsExactly("shop/far");
  }

  /** Its proxies have yet to find it. */
  @Test
  void aReplicaThatHasRestartedSaysNothingForAWhile() throws Exception {
    a.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    b.fleet.put("far", old.fingerprint(), leafEnd());
    settle();
    b = new Replica("cp-b");
    String before = board.notes.get("cp-b");
    for (Duration t = Duration.ZERO; t.compareTo(options.settle()) < 0; t = t.plusSeconds(1)) {
      a.step();
      b.step();
      assertThat(board.notes.get("cp-b")).isEqualTo(before);
      clock.advance(Duration.ofSeconds(1));
    }
    b.step();
    assertThat(board.notes.get("cp-b")).isNotEqualTo(before);
    a.step();
    clock.advance(Duration.ofSeconds(1));
    a.step();
    assertThat(a.rotation.report().others().silent()).isEmpty();
    assertThat(a.phase()).as("it is another one than before").isEqualTo(Phase.TRUSTING);
    settle();
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
  }

  /** Somebody sets the clock of a machine: nothing is older or newer by that. */
  @ParameterizedTest
  @ValueSource(longs = {-15, 3600})
  void aClockThatIsSetChangesNothing(long seconds) throws Exception {
    a.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    b.fleet.put("far", old.fingerprint(), leafEnd());
    pass(Duration.ofSeconds(1));
    a.ahead = Duration.ofSeconds(seconds);
    pass(Duration.ofSeconds(1));
    assertThat(a.rotation.report().others().silent()).isEmpty();
    assertThat(a.rotation.report().others().waitingFor()).containsExactly("shop/far");
    b.fleet.put("far", a.store.trust().bundle().fingerprint(), leafEnd(b));
    pass(Duration.ofSeconds(1));
    assertThat(a.phase()).as("not at once").isEqualTo(Phase.TRUSTING);
    settle();
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
  }

  /** What another replica issued just before it followed ends by its clock, not by ours. */
  @Test
  void aLeafOfAReplicaWhoseClockIsAheadIsToldFromTheNewOnes() throws Exception {
    b = new Replica("cp-b", TrustBundle.SKEW.multipliedBy(2));
    clock.advance(options.settle());
    a.rotation.start(Prune.NOW, TIMEOUT, a.now());
    while (a.phase() == Phase.TRUSTING) {
      b.fleet.put("far", a.store.trust().bundle().fingerprint(), leafEnd(b));
      b.step();
      a.step();
      clock.advance(Duration.ofSeconds(1));
    }
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
    for (int i = 0; i < 4; i++) {
      settle();
    }
    assertThat(a.rotation.report().others().waitingFor()).containsExactly("shop/far");
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
    b.fleet.put("far", a.store.trust().bundle().fingerprint(), leafEnd(a));
    settle();
    settle();
    assertThat(a.phase()).isEqualTo(Phase.DONE);
  }

  /** Whether it is there is judged by when it was heard, not by what its clock says. */
  @ParameterizedTest
  @ValueSource(longs = {-120, -21, 21, 120})
  void aReplicaWhoseClockIsWrongIsHeardAllTheSame(long seconds) throws Exception {
    b = new Replica("cp-b", Duration.ofSeconds(seconds));
    b.fleet.put("far", old.fingerprint(), leafEnd());
    a.rotation.start(Prune.NOW, TIMEOUT, a.now());
    pass(options.settle());
    pass(Replicas.EVERY);
    assertThat(a.rotation.report().others().silent()).isEmpty();
    assertThat(a.rotation.report().others().waitingFor()).containsExactly("shop/far");
    assertThat(b.rotation.report().others().silent()).isEmpty();

    b.fleet.put("far", a.store.trust().bundle().fingerprint(), leafEnd());
    settle();
    settle();
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
  }

  /** What stood there before anybody looked may be of one that has vanished since. */
  @Test
  void whatARestartedReplicaFindsDoesNotCountBeforeItIsSaidAgain() throws Exception {
    a.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    b.step();
    clock.advance(Duration.ofMinutes(2));
    a = new Replica("cp-a");
    a.step();
    assertThat(a.rotation.report().others().silent()).containsExactly("cp-b");
    clock.advance(options.settle());
    a.step();
    assertThat(a.rotation.report().others().silent()).containsExactly("cp-b");
    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);
    b.step();
    clock.advance(Duration.ofSeconds(1));
    a.step();
    assertThat(a.rotation.report().others().silent()).isEmpty();
    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);
    clock.advance(options.settle());
    a.step();
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
  }

  @Test
  void theOldRootStaysWhileAReplicaMayStillIssueByIt() throws Exception {
    a.rotation.start(Prune.AFTER_LEAF_LIFETIME, TIMEOUT, clock.instant());
    settle();
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
    clock.advance(options.leafLifetime().plus(Duration.ofHours(1)));
    a.step();
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
    assertThat(a.rotation.report().others().silent()).containsExactly("cp-b");
    a.rotation.proceed(clock.instant());
    assertThat(a.phase()).isEqualTo(Phase.DONE);
  }

  @Test
  void whoIsToLeaveOthersBehindNeedsNoBoard() throws Exception {
    a.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    board.failing = true;
    pass(options.settle());
    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);
    assertThat(a.rotation.report().trouble()).contains("the board is away");
    a.rotation.proceed(clock.instant());
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
    a.rotation.proceed(clock.instant());
    pass(Duration.ofSeconds(10));
    assertThat(a.phase()).isEqualTo(Phase.DONE);
  }

  @Test
  void nothingGoesOnBeforeItIsKnownWhichReplicasThereAre() throws Exception {
    running = null;
    a.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    clock.advance(options.settle());
    a.step();
    assertThat(a.phase()).isEqualTo(Phase.TRUSTING);
    running = Set.of("cp-a");
    a.step();
    clock.advance(options.settle());
    a.step();
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
  }

  /** Two that wrote at once would be in each other's way. */
  @Test
  void oneReplicaGoesOnAndTheOthersFollowWhatItStores() throws Exception {
    b.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    clock.advance(options.settle().minusSeconds(2));
    a.step();
    clock.advance(Duration.ofSeconds(2));
    b.step();
    assertThat(b.rotation.report().others().allDone()).isTrue();
    a.step();
    clock.advance(options.settle());
    b.step();
    assertThat(b.phase()).isEqualTo(Phase.TRUSTING);
    a.step();
    assertThat(a.phase()).isEqualTo(Phase.RENEWING);
    b.step();
    assertThat(b.phase()).isEqualTo(Phase.RENEWING);
    assertThat(b.store.trust().issuer().sameAs(a.store.trust().issuer())).isTrue();
  }

  /** Its pod stays for as long as its node is lost, whatever was said. */
  @Test
  void anotherGoesOnWhereTheFirstReplicaHasVanished() throws Exception {
    b.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    clock.advance(options.settle().plus(Replicas.FRESH));
    b.step();
    assertThat(b.phase()).isEqualTo(Phase.TRUSTING);
    assertThat(b.rotation.report().others().silent()).containsExactly("cp-a");

    b.rotation.proceed(clock.instant());
    assertThat(b.phase()).isEqualTo(Phase.RENEWING);
    b.rotation.proceed(clock.instant());
    clock.advance(Replicas.FRESH);
    b.step();
    assertThat(b.phase()).isEqualTo(Phase.PRUNING);
    clock.advance(Replicas.FRESH);
    b.step();
    assertThat(b.phase()).isEqualTo(Phase.DONE);
    assertThat(b.store.trust().bundle().containsAll(old)).isFalse();
  }

  @Test
  void anotherGivesUpWhereTheFirstReplicaHasVanished() throws Exception {
    b.rotation.start(Prune.NOW, TIMEOUT, clock.instant());
    b.rotation.abort(clock.instant());
    assertThat(b.phase()).as("the first one may still do it").isEqualTo(Phase.ABORTING);
    clock.advance(Replicas.FRESH);
    b.step();
    assertThat(b.phase()).isEqualTo(Phase.ABORTED);
    assertThat(b.store.trust().bundle()).isEqualTo(old);
  }
}
