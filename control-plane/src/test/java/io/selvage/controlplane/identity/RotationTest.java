// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.controlplane.identity.Rotation.RefusedException;
import io.selvage.controlplane.identity.RotationState.Phase;
import io.selvage.controlplane.identity.RotationState.Prune;
import io.selvage.identity.issue.IssuedLeaf;
import io.selvage.identity.workload.PeerVerdict;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RotationTest {
  private static final WorkloadIdentity SELF =
      new WorkloadIdentity("cluster.local", "selvage", "control-plane");
  private static final WorkloadIdentity WEB = new WorkloadIdentity("cluster.local", "shop", "web");
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  @TempDir private Path dir;
  private final TestClock clock = new TestClock();
  private final FakeFleet fleet = new FakeFleet();
  private final IdentityOptions options = IdentityOptions.defaults(SELF);
  private final Duration settle = options.settle();
  private IssuerStore store;
  private Rotation rotation;
  private TrustBundle old;

  @BeforeEach
  void open() {
    restart();
    old = store.trust().bundle();
    clock.advance(Duration.ofHours(1));
  }

  @Test
  void oldAndNewOverlapUntilEveryLeafIsNew() throws Exception {
    proxy("a", old, leafEnd());
    proxy("b", old, leafEnd());
    rotation.start(Prune.NOW, TIMEOUT, now());

    TrustBundle both = store.trust().bundle();
    assertThat(both.containsAll(old)).isTrue();
    assertThat(both.anchors()).hasSize(2);
    assertThat(store.trust().issuer().anchor()).isEqualTo(old.anchors().getFirst());
    assertThat(Files.exists(dir.resolve("next.key"))).isTrue();
    assertThat(waiting()).containsExactly("shop/a", "shop/b");

    // One follows, the other does not: the old issuer stays in use.
    proxy("a", both, leafEnd());
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.TRUSTING);
    assertThat(waiting()).containsExactly("shop/b");

    proxy("b", both, leafEnd());
    Instant lastOld = leafEnd();
    step(Duration.ofMillis(250));
    step(settle.minusMillis(1));
    assertThat(rotation.phase()).isEqualTo(Phase.TRUSTING);
    step(Duration.ofMillis(1));
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    assertThat(old.anchors()).doesNotContain(store.trust().issuer().anchor());
    assertThat(store.trust().bundle()).isEqualTo(both);
    assertThat(Files.exists(dir.resolve("next.key"))).isFalse();
    assertThat(waiting()).containsExactly("shop/a", "shop/b");
    assertThat(lastOld).isBeforeOrEqualTo(rotation.report().state().oldLeavesEnd());

    // Asked to renew only when the new leaves can be told from the old ones.
    assertThat(fleet.pushes).isEmpty();
    step(Duration.ofSeconds(1));
    assertThat(fleet.pushes).containsExactly(true);
    proxy("a", both, leafEnd());
    step(Duration.ofSeconds(1));
    assertThat(waiting()).containsExactly("shop/b");
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);

    proxy("b", both, leafEnd());
    step(Duration.ofMillis(250));
    step(settle.minusMillis(1));
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    step(Duration.ofMillis(1));
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);
    assertThat(store.trust().bundle()).isEqualTo(both.minus(old));
    assertThat(store.files().bundle()).doesNotContain(old.pem());
    assertThat(fleet.pushes).containsExactly(true);
  }

  @Test
  void leavesOfBothRootsAreGoodDuringTheOverlap() throws Exception {
    var before = issue();
    rotation.start(Prune.NOW, TIMEOUT, now());
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    var after = issue();
    TrustBundle both = store.trust().bundle();
    for (var leaf : List.of(before, after)) {
      assertThat(both.verify(leaf.chain(), now(), TrustBundle.SKEW))
          .isInstanceOf(PeerVerdict.Verified.class);
    }
    step(settle.plusSeconds(2));
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);
    assertThat(store.trust().bundle().verify(before.chain(), now(), TrustBundle.SKEW))
        .isInstanceOf(PeerVerdict.Refused.class);
    assertThat(store.trust().bundle().verify(after.chain(), now(), TrustBundle.SKEW))
        .isInstanceOf(PeerVerdict.Verified.class);
  }

  @Test
  void aStuckProxyHoldsItUpAndIsNamed() throws Exception {
    proxy("stuck", old, leafEnd());
    rotation.start(Prune.NOW, TIMEOUT, now());
    step(TIMEOUT);
    assertThat(rotation.report().held()).isFalse();
    step(Duration.ofSeconds(1));
    assertThat(rotation.report().held()).isTrue();
    assertThat(waiting()).containsExactly("shop/stuck");
    assertThat(rotation.phase()).isEqualTo(Phase.TRUSTING);
    assertThat(store.trust().issuer().anchor()).isEqualTo(old.anchors().getFirst());

    proxy("stuck", store.trust().bundle(), leafEnd());
    step(Duration.ofSeconds(1));
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
  }

  /** Its connection was cut: until it is back, nobody lists it. */
  @Test
  void aProxyBetweenTwoStreamsIsWaitedFor() throws Exception {
    proxy("away", old, leafEnd());
    rotation.start(Prune.NOW, TIMEOUT, now());
    TrustBundle both = store.trust().bundle();
    step(TIMEOUT);
    fleet.byName.clear();
    step(settle.minusMillis(1));
    assertThat(waiting()).containsExactly("shop/away");
    proxy("away", both, leafEnd());
    step(Duration.ofMillis(1));
    assertThat(rotation.phase()).isEqualTo(Phase.TRUSTING);
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);

    step(TIMEOUT);
    Instant oldLeaf = Instant.ofEpochMilli(fleet.byName.get("away").certificateNotAfterMillis());
    fleet.byName.clear();
    step(Duration.ofMillis(250));
    step(settle.minusSeconds(1));
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    fleet.put("away", 77, both.fingerprint(), oldLeaf);
    step(settle);
    assertThat(waiting()).as("once, under its new session").containsExactly("shop/away");

    // One that does not come back is not waited for forever.
    fleet.byName.clear();
    step(Duration.ofMillis(250));
    step(settle);
    assertThat(waiting()).isEmpty();
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);
  }

  @Test
  void aStuckProxyMayBeLeftBehind() throws Exception {
    proxy("stuck", old, leafEnd());
    rotation.start(Prune.NOW, TIMEOUT, now());
    step(TIMEOUT.plusSeconds(1));
    rotation.proceed(now());
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    step(settle.plusSeconds(2));
    // That was for one phase only.
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    assertThat(waiting()).containsExactly("shop/stuck");
    rotation.proceed(now());
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);
  }

  @Test
  void proxiesThatDoNotRenewAreAskedAgainLessAndLessOften() throws Exception {
    rotation.start(Prune.NOW, TIMEOUT, now());
    proxy("slow", store.trust().bundle(), leafEnd());
    step(settle);
    for (int i = 0; i < 240; i++) {
      step(Duration.ofSeconds(1));
    }
    // After 1 s, then a minute, then two minutes.
    assertThat(fleet.pushes).hasSize(3);
  }

  @Test
  void byDefaultTheOldRootStaysUntilTheLastOldLeafEnds() throws Exception {
    rotation.start(Prune.AFTER_LEAF_LIFETIME, TIMEOUT, now());
    Instant lastOld = leafEnd();
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    step(Duration.ofHours(23));
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    assertThat(store.trust().bundle().anchors()).hasSize(2);
    clock.advance(Duration.between(now(), rotation.report().state().oldLeavesEnd()));
    step(Duration.ZERO);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    step(Duration.ofSeconds(1));
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);
    assertThat(now()).isAfter(lastOld);
  }

  @Test
  void neverTwoAtOnce() throws Exception {
    proxy("a", old, leafEnd());
    rotation.start(Prune.NOW, TIMEOUT, now());
    assertThatThrownBy(() -> rotation.start(Prune.NOW, TIMEOUT, now()))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("is running since");
    restart();
    assertThatThrownBy(() -> rotation.start(Prune.NOW, TIMEOUT, now()))
        .isInstanceOf(RefusedException.class);
  }

  @Test
  void anotherMayFollow() throws Exception {
    for (int i = 0; i < 3; i++) {
      TrustBundle before = store.trust().bundle();
      rotation.start(Prune.NOW, TIMEOUT, now());
      step(settle);
      step(settle.plusSeconds(2));
      assertThat(rotation.phase()).isEqualTo(Phase.DONE);
      assertThat(store.trust().bundle().anchors())
          .hasSize(1)
          .doesNotContainAnyElementsOf(before.anchors());
    }
  }

  @Test
  void itGoesOnAfterARestartInEveryPhase() throws Exception {
    rotation.start(Prune.NOW, TIMEOUT, now());
    TrustBundle both = store.trust().bundle();

    restart();
    assertThat(rotation.phase()).isEqualTo(Phase.TRUSTING);
    assertThat(store.trust().bundle()).isEqualTo(both);
    // Nobody has come back yet, which does not mean that nobody is there.
    step(settle.minusSeconds(1));
    assertThat(rotation.phase()).isEqualTo(Phase.TRUSTING);
    proxy("late", old, leafEnd());
    step(Duration.ofSeconds(2));
    assertThat(rotation.phase()).isEqualTo(Phase.TRUSTING);
    proxy("late", both, leafEnd());
    step(Duration.ofSeconds(1));
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    TrustBundle fresh = both.minus(old);

    fleet.byName.clear();
    restart();
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    assertThat(fresh.anchors()).containsExactly(store.trust().issuer().anchor());
    step(settle.minusSeconds(1));
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    step(Duration.ofSeconds(3));
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);

    restart();
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);
    assertThat(store.trust().bundle()).isEqualTo(fresh);
  }

  @Test
  void whatWasCutOffBetweenTwoFilesIsDoneAgain() throws Exception {
    IssuerFiles untouched = store.files();
    rotation.start(Prune.NOW, TIMEOUT, now());
    TrustBundle both = store.trust().bundle();
    IssuerFiles trusting = store.files();

    // The record and the next issuer were written, the bundle was not.
    Files.writeString(dir.resolve("ca.crt"), untouched.bundle());
    restart();
    step(Duration.ZERO);
    assertThat(store.trust().bundle()).isEqualTo(both);

    // Of the switch, the record and the key were written, the certificate was not.
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    IssuerFiles renewing = store.files();
    Files.writeString(dir.resolve("tls.crt"), trusting.chain());
    Files.writeString(dir.resolve("next.crt"), trusting.nextChain());
    Files.writeString(dir.resolve("next.key"), trusting.nextKey());
    restart();
    step(Duration.ZERO);
    assertThat(store.trust()).isNotNull();
    assertThat(store.files()).isEqualTo(renewing);
    assertThat(store.problem()).isEmpty();

    // Of the removal, the record was written, the bundle was not.
    RotationState pruning = RotationState.parse(renewing.rotation()).in(Phase.PRUNING, now());
    Files.writeString(dir.resolve("rotation.json"), pruning.json());
    restart();
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);
    assertThat(store.trust().bundle()).isEqualTo(both.minus(old));
  }

  @Test
  void itMayBeAbortedBeforeTheSwitchAndNotAfter() throws Exception {
    proxy("a", old, leafEnd());
    rotation.start(Prune.NOW, TIMEOUT, now());
    rotation.abort(now());
    assertThat(rotation.phase()).isEqualTo(Phase.ABORTED);
    assertThat(store.trust().bundle()).isEqualTo(old);
    assertThat(Files.exists(dir.resolve("next.key"))).isFalse();

    fleet.byName.clear();
    rotation.start(Prune.AFTER_LEAF_LIFETIME, TIMEOUT, now());
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    assertThatThrownBy(() -> rotation.abort(now()))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("no way back");
  }

  @Test
  void withoutARotationThereIsNothingToDo() {
    for (var action : List.<IdentityService.RotationStep>of(Rotation::proceed, Rotation::abort)) {
      assertThatThrownBy(() -> action.apply(rotation, now())).isInstanceOf(RefusedException.class);
    }
  }

  @Test
  void aNextIssuerThatWasTamperedWithIsNotUsed() throws Exception {
    rotation.start(Prune.NOW, TIMEOUT, now());
    Files.writeString(
        dir.resolve("next.key"), WorkloadKeys.pem(WorkloadKeys.create().getPrivate()));
    refresh();
    step(settle);
    assertThat(rotation.phase()).isEqualTo(Phase.TRUSTING);
    assertThat(rotation.report().trouble()).contains("unusable");
    assertThat(store.trust().issuer().anchor()).isEqualTo(old.anchors().getFirst());
    rotation.abort(now());
    assertThat(rotation.phase()).isEqualTo(Phase.ABORTED);
  }

  @Test
  void aDamagedRecordHoldsItUp() throws Exception {
    rotation.start(Prune.NOW, TIMEOUT, now());
    String good = Files.readString(dir.resolve("rotation.json"));
    Files.writeString(dir.resolve("rotation.json"), "{\"phase\":\"FLYING\"}");
    refresh();
    step(settle);
    assertThat(rotation.report().trouble()).contains("cannot be read");
    assertThatThrownBy(() -> rotation.start(Prune.NOW, TIMEOUT, now()))
        .isInstanceOf(RefusedException.class);
    Files.writeString(dir.resolve("rotation.json"), good);
    refresh();
    step(Duration.ZERO);
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
  }

  @Test
  void itDoesNotBeginOverADamagedFolder() throws Exception {
    Files.writeString(dir.resolve("tls.key"), "garbage");
    refresh();
    assertThatThrownBy(() -> rotation.start(Prune.NOW, TIMEOUT, now()))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("mend this first");
    assertThat(Files.readString(dir.resolve("tls.key"))).isEqualTo("garbage");
  }

  @Test
  void anIssuerThatEndedCanBeReplaced() throws Exception {
    clock.advance(Duration.ofDays(366));
    refresh();
    assertThat(store.problem()).isPresent();
    rotation.start(Prune.AFTER_LEAF_LIFETIME, TIMEOUT, now());
    step(Duration.ofSeconds(1));
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);
    assertThat(store.problem()).isEmpty();
    assertThat(store.trust().issuer().notAfter()).isAfter(now());
    assertThat(store.trust().bundle().containsAll(old)).isFalse();
  }

  @Test
  void somebodyElsesChangeIsNotOverwritten() throws Exception {
    Files.writeString(dir.resolve("ca.crt"), old.pem() + "# edited\n");
    assertThatThrownBy(() -> rotation.start(Prune.NOW, TIMEOUT, now()))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("somebody else");
    assertThat(Files.readString(dir.resolve("ca.crt"))).endsWith("# edited\n");
  }

  @Test
  void theRecordIsReadAsWritten() {
    var state =
        new RotationState(
            Phase.RENEWING,
            now(),
            now(),
            "old\n",
            "new\n",
            now().plusSeconds(5),
            Prune.NOW,
            TIMEOUT,
            true);
    assertThat(RotationState.parse(state.json())).isEqualTo(state);
    assertThat(RotationState.parse("")).isEqualTo(RotationState.NONE);
    for (String bad : new String[] {"{", "[]", "null", "{}", "x"}) {
      assertThatThrownBy(() -> RotationState.parse(bad))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private IssuedLeaf issue() {
    return store
        .trust()
        .issuer()
        .issue(
            WEB, WorkloadKeys.create().getPublic(), now(), options.leafLifetime(), options.skew());
  }

  /** End of a leaf issued now. */
  private Instant leafEnd() {
    return issue().notAfter();
  }

  private void proxy(String name, TrustBundle bundle, Instant leafEnd) {
    fleet.put(name, bundle.fingerprint(), leafEnd);
  }

  private List<String> waiting() {
    return rotation.report().waitingFor().stream().map(Rotation::label).toList();
  }

  private Instant now() {
    return clock.instant();
  }

  private LongSupplier nanos() {
    return clock::nanos;
  }

  private void step(Duration later) {
    clock.advance(later);
    rotation.step(now());
  }

  private void refresh() throws IOException {
    if (store.refresh(now())) {
      store.refresh(now());
    }
  }

  private void restart() {
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
                "one", "life", settle, nanos(), () -> Optional.of(Set.of()), storage.board()),
            nanos());
    rotation.step(now());
  }
}
