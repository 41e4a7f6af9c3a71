// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.CertificateRequest;
import io.selvage.identity.issue.IssuedLeaf;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.RenewalClock;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.mesh.MeshOptions;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.proxy.tls.MeshTls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything on one thread, by a clock that a test moves. */
class IdentityKeeperTest {
  private static final WorkloadIdentity WEB = new WorkloadIdentity("cluster.local", "shop", "web");
  private static final Duration LIFE = Duration.ofHours(24);

  @TempDir private Path dir;
  private final MeshTls tls = new MeshTls();
  private final ArrayDeque<Asked> asked = new ArrayDeque<>();
  private Instant now = Instant.now();
  private CertificateAuthorities.Created first;
  private CertificateAuthorities.Created second;
  private IdentityKeeper keeper;

  private record Asked(Certify.Request request, CompletableFuture<Certify.Response> answer) {}

  @BeforeEach
  void start() throws Exception {
    first = CertificateAuthorities.create("cluster.local", now, Duration.ofDays(30));
    second = CertificateAuthorities.create("cluster.local", now, Duration.ofDays(30));
    Files.writeString(dir.resolve("token"), "token");
    Files.writeString(dir.resolve("ca.crt"), first.bundle().pem());
    keeper =
        new IdentityKeeper(
            new MeshOptions(
                List.of(new MeshOptions.ControlAddress("127.0.0.1", 1)),
                MeshOptions.controlIdentity("cluster.local"),
                dir.resolve("token"),
                dir.resolve("ca.crt"),
                PodRef.NONE,
                ProxyKind.SIDECAR,
                "test",
                Duration.ofSeconds(5),
                InboundSettings.DEFAULT),
            tls,
            request -> {
              var answer = new CompletableFuture<Certify.Response>();
              asked.add(new Asked(request, answer));
              return answer;
            },
            new RenewalClock(new Random(1)),
            () -> now,
            Runnable::run,
            renewed -> {});
  }

  @AfterEach
  void stop() {
    tls.close();
  }

  private TrustBundle both() {
    return first.bundle().plus(second.bundle());
  }

  private void answer(CertificateAuthorities.Created by, TrustBundle bundle, long revision) {
    Asked one = asked.remove();
    if (!(Issuer.of(List.of(by.issuer()), by.issuerKey(), by.bundle(), now)
            instanceof Issuer.Parsed.Accepted(Issuer issuer))
        || !(CertificateRequest.parse(one.request().csr())
            instanceof CertificateRequest.Parsed.Accepted(CertificateRequest csr))) {
      throw new AssertionError();
    }
    IssuedLeaf leaf = issuer.issue(WEB, csr.key(), now, LIFE, Issuer.SKEW);
    one.answer()
        .complete(
            new Certify.Response(
                WEB.uri(),
                leaf.chain().stream().map(PemText::write).toList(),
                leaf.notAfter().toEpochMilli(),
                bundle.pem(),
                bundle.fingerprint(),
                revision));
  }

  private void push(TrustBundle bundle, boolean renew, long revision) {
    keeper.onBundle(new ControlMessage.Bundle(bundle.pem(), bundle.fingerprint(), renew, revision));
  }

  private void pass(Duration time) {
    now = now.plus(time);
    keeper.tick();
  }

  @Test
  void aRenewalThatIsAskedForWhileARequestRunsIsNotForgotten() {
    keeper.tick();
    answer(first, both(), 0);
    pass(LIFE.dividedBy(2).plus(Duration.ofHours(2)));
    assertThat(asked).as("at half-life").hasSize(1);

    push(both(), true, 0);
    answer(first, both(), 0);
    assertThat(keeper.refreshes()).isEqualTo(2);
    pass(Duration.ofMinutes(10));
    assertThat(asked).as("asked for while the other was under way").hasSize(1);
    answer(second, both(), 0);
    pass(Duration.ofMinutes(10));
    assertThat(asked).as("once").isEmpty();
  }

  @Test
  void anAnswerOfAReplicaThatIsBehindDoesNotBringBackItsBundle() {
    keeper.tick();
    answer(first, both(), 5);
    push(both().minus(first.bundle()), false, 6);
    String newest = second.bundle().fingerprint();
    assertThat(keeper.fingerprint()).isEqualTo(newest);

    pass(Duration.ofMinutes(10));
    answer(second, both(), 5);
    assertThat(keeper.refreshes()).isEqualTo(2);
    assertThat(keeper.fingerprint()).isEqualTo(newest);
    push(both(), false, 5);
    assertThat(keeper.fingerprint()).isEqualTo(newest);
    push(both(), false, 7);
    assertThat(keeper.fingerprint()).isEqualTo(both().fingerprint());
  }

  @Test
  void aBundleOfUnknownRevisionIsTakenAsItComes() {
    keeper.tick();
    answer(first, both(), 5);
    push(first.bundle(), false, 0);
    assertThat(keeper.fingerprint()).isEqualTo(first.bundle().fingerprint());
  }
}
