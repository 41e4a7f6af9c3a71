// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.CertificateAuthorities.Created;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.Problem;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IssuerStoreTest {
  private static final WorkloadIdentity SELF =
      new WorkloadIdentity("cluster.local", "selvage", "control-plane");

  @TempDir private Path parent;
  private final TestClock clock = new TestClock();
  private final RecordedEvents events = new RecordedEvents();
  private final List<Trust> changes = new ArrayList<>();
  private Path dir;
  private FolderStorage storage;
  private IssuerStore store;

  @BeforeEach
  void open() {
    dir = parent.resolve("identity");
    storage = new FolderStorage(dir);
    store = new IssuerStore(IdentityOptions.defaults(SELF), storage, events);
    store.listen((before, now) -> changes.add(now));
  }

  @Test
  void anEmptyFolderGetsARootAndAnIssuer() throws IOException {
    refresh();
    assertThat(store.trust()).isNotNull();
    assertThat(store.problem()).isEmpty();
    assertThat(mode("tls.key")).isEqualTo("rw-------");
    assertThat(mode("ca.crt")).isEqualTo("rw-r--r--");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(dir)))
        .isEqualTo("rwx------");
    try (var files = Files.list(dir)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("ca.crt", "tls.crt", "tls.key");
    }
    // The root's key is nowhere.
    assertThat(Files.readString(dir.resolve("tls.key")).split("BEGIN", -1)).hasSize(2);
  }

  @Test
  void whatIsThereIsUsedAgain() {
    refresh();
    var again = new IssuerStore(IdentityOptions.defaults(SELF), storage, events);
    again.refresh(clock.instant());
    assertThat(again.trust().bundle()).isEqualTo(store.trust().bundle());
    assertThat(again.trust().issuer().sameAs(store.trust().issuer())).isTrue();
  }

  @Test
  void halfAFolderIsNotOverwritten() throws IOException {
    Files.createDirectories(dir);
    Files.writeString(dir.resolve("ca.crt"), made().bundle().pem());
    refresh();
    assertThat(store.trust()).isNull();
    assertThat(reason()).isEqualTo("IssuerInvalid");
    assertThat(dir.resolve("tls.crt")).doesNotExist();
  }

  /** Files in the order they are written in; a crash may come after any of them. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void aFirstStartThatWasCutOffIsFinishedByTheNext(int written) throws IOException {
    refresh();
    var made = made();
    String next = made.issuerPem() + made.bundle().pem();
    var files =
        List.of(
            Map.entry("next.key", made.issuerKeyPem()),
            Map.entry("next.crt", next),
            Map.entry("ca.crt", made.bundle().pem()),
            Map.entry("tls.key", made.issuerKeyPem()),
            Map.entry("tls.crt", made.issuerPem()));
    for (String name : List.of("ca.crt", "tls.crt", "tls.key")) {
      Files.delete(dir.resolve(name));
    }
    for (var file : files.subList(0, Math.min(written, files.size()))) {
      Files.writeString(dir.resolve(file.getKey()), file.getValue());
    }
    if (written > files.size()) {
      Files.delete(dir.resolve("next.key"));
    }
    var again = new IssuerStore(IdentityOptions.defaults(SELF), storage, events);
    again.refresh(clock.instant());
    assertThat(again.problem()).isEmpty();
    assertThat(again.trust()).isNotNull();
    if (written > 1) {
      assertThat(again.trust().bundle()).isEqualTo(made.bundle());
      assertThat(again.trust().issuer().certificate()).isEqualTo(made.issuer());
    }
  }

  @Test
  void aNewIssuerIsTakenOverWithoutARestart() throws IOException {
    refresh();
    Trust first = store.trust();
    Created next = made();
    put(next);
    refresh();
    assertThat(store.trust().bundle()).isEqualTo(next.bundle());
    assertThat(changes).hasSize(2);
    assertThat(first).isNotEqualTo(store.trust());
    assertThat(events.lines).containsExactly("updated");
  }

  @Test
  void anIssuerThatDoesNotChainIsSkippedAndTheOldStays() throws IOException {
    refresh();
    Created next = made();
    write("tls.crt", next.issuerPem());
    write("tls.key", next.issuerKeyPem());
    assertSkipped("IssuerUntrusted");
  }

  @Test
  void aKeyThatDoesNotFitIsSkipped() throws IOException {
    refresh();
    write("tls.key", WorkloadKeys.pem(WorkloadKeys.create().getPrivate()));
    assertSkipped("KeyMismatch");
  }

  @Test
  void aLeafIsNoIssuer() throws IOException {
    refresh();
    var keys = WorkloadKeys.create();
    var leaf =
        store
            .trust()
            .issuer()
            .issue(SELF, keys.getPublic(), clock.instant(), Duration.ofHours(1), Duration.ZERO);
    write("tls.crt", PemText.write(leaf.chain()));
    write("tls.key", WorkloadKeys.pem(keys.getPrivate()));
    assertSkipped("NotAnAuthority");
  }

  @Test
  void anExpiredIssuerIsSkipped() throws IOException {
    refresh();
    put(
        CertificateAuthorities.create(
            "cluster.local", clock.instant().minus(Duration.ofDays(2)), Duration.ofDays(1)));
    assertSkipped("IssuerExpired");
  }

  @Test
  void aDamagedFolderKeepsTheOld() throws IOException {
    refresh();
    for (String name : List.of("ca.crt", "tls.crt", "tls.key")) {
      String good = Files.readString(dir.resolve(name));
      for (String bad : List.of("", "garbage", good.substring(0, good.length() / 2))) {
        Trust before = store.trust();
        write(name, bad);
        refresh();
        assertThat(store.trust()).isSameAs(before);
        assertThat(store.problem()).isPresent();
      }
      write(name, good);
      refresh();
      assertThat(store.problem()).isEmpty();
    }
    assertThat(changes).hasSize(1);
  }

  @Test
  void aLostFolderKeepsTheOldAndIsNotFilledAnew() throws IOException {
    refresh();
    Trust before = store.trust();
    Path elsewhere = parent.resolve("elsewhere");
    Files.move(dir, elsewhere);
    refresh();
    assertThat(store.trust()).isSameAs(before);
    assertThat(store.problem()).isPresent();
    assertThat(dir.resolve("tls.crt")).doesNotExist();
    Files.delete(dir);
    Files.move(elsewhere, dir);
    refresh();
    assertThat(store.problem()).isEmpty();
    assertThat(store.trust()).isSameAs(before);
  }

  @Test
  void aFileThatCannotBeReadIsAProblemThatPasses() throws IOException {
    refresh();
    Trust before = store.trust();
    Files.move(dir.resolve("tls.key"), dir.resolve("kept"));
    Files.createDirectory(dir.resolve("tls.key"));
    refresh();
    assertThat(reason()).isEqualTo("IssuerUnreadable");
    assertThat(store.trust()).isSameAs(before);
    Files.delete(dir.resolve("tls.key"));
    Files.move(dir.resolve("kept"), dir.resolve("tls.key"));
    refresh();
    assertThat(store.problem()).isEmpty();
  }

  @Test
  void aFileMayHoldOneMebibyteAndNotMore() throws IOException {
    refresh();
    String good = Files.readString(dir.resolve("ca.crt"));
    write("ca.crt", good + " ".repeat(PrivateFiles.MAX_BYTES - good.length()));
    refresh();
    assertThat(store.problem()).isEmpty();
    write("ca.crt", good + " ".repeat(PrivateFiles.MAX_BYTES - good.length() + 1));
    refresh();
    assertThat(reason()).isEqualTo("IssuerUnreadable");
  }

  @Test
  void halfWrittenFilesAreLookedAtAgainBeforeAnythingIsSaid() throws IOException {
    refresh();
    Created next = made();
    write("ca.crt", next.bundle().pem() + Files.readString(dir.resolve("ca.crt")));
    write("tls.key", next.issuerKeyPem());
    assertThat(store.refresh(clock.instant())).isTrue();
    assertThat(store.problem()).isEmpty();
    write("tls.crt", next.issuerPem());
    assertThat(store.refresh(clock.instant())).isFalse();
    assertThat(store.trust().issuer().certificate()).isEqualTo(next.issuer());
    assertThat(events.lines).containsExactly("updated");
    assertThat(store.skipped()).isZero();
  }

  @Test
  void aProblemIsToldOnce() throws IOException {
    refresh();
    write("tls.key", "garbage");
    refresh();
    refresh();
    refresh();
    assertThat(events.lines).containsExactly("skipped KeyInvalid");
    assertThat(store.skipped()).isOne();
  }

  @Test
  void timeMayMakeAnIssuerGood() throws IOException {
    refresh();
    Created soon =
        CertificateAuthorities.create(
            "cluster.local", clock.instant().plus(Duration.ofHours(1)), Duration.ofDays(30));
    put(soon);
    refresh();
    assertThat(store.problem()).isPresent();
    clock.advance(Duration.ofHours(1));
    refresh();
    assertThat(store.problem()).isEmpty();
    assertThat(store.trust().bundle()).isEqualTo(soon.bundle());
  }

  @Test
  void anIssuerThatEndsInUseIsReported() {
    refresh();
    clock.advance(Duration.ofDays(365).plusSeconds(1));
    refresh();
    assertThat(reason()).isEqualTo("IssuerExpired");
    assertThat(store.trust()).isNotNull();
  }

  @Test
  void messagesHoldNoKey() throws IOException {
    refresh();
    String secret = Files.readString(dir.resolve("tls.key")).split("\n")[1];
    write("tls.key", "-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----\n");
    refresh();
    assertThat(store.problem().orElseThrow().message()).doesNotContain(secret);
    assertThat(store.files().toString()).doesNotContain(secret);
  }

  private void assertSkipped(String reason) {
    Trust before = store.trust();
    refresh();
    assertThat(store.trust()).isSameAs(before);
    assertThat(reason()).isEqualTo(reason);
    assertThat(events.lines).containsExactly("skipped " + reason);
    assertThat(store.skipped()).isOne();
  }

  private String reason() {
    return store.problem().map(Problem::reason).orElse("");
  }

  /** As the service does: what may be half written is read again. */
  private void refresh() {
    if (store.refresh(clock.instant())) {
      assertThat(store.refresh(clock.instant())).isFalse();
    }
  }

  private void put(Created authority) throws IOException {
    write("ca.crt", authority.bundle().pem());
    write("tls.crt", authority.issuerPem());
    write("tls.key", authority.issuerKeyPem());
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(dir.resolve(name), text);
  }

  private Created made() {
    return CertificateAuthorities.create("cluster.local", clock.instant(), Duration.ofDays(365));
  }

  private String mode(String name) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(dir.resolve(name)));
  }
}
