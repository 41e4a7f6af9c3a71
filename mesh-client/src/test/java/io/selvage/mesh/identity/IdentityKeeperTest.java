// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.identity;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.CertificateRequest;
import io.selvage.identity.issue.IssuedLeaf;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.RenewalClock;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadCertificate;
import io.selvage.mesh.MeshOptions;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.proxy.tls.MeshTls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
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

  private PublicKey answerAndTellKey() {
    PublicKey key = key(asked.element());
    answer(first, first.bundle(), 0);
    return key;
  }

  private static PublicKey key(Asked one) {
    if (!(CertificateRequest.parse(one.request().csr())
        instanceof CertificateRequest.Parsed.Accepted(CertificateRequest csr))) {
      throw new AssertionError();
    }
    return csr.key();
  }

  private void fail(String why) {
    asked.remove().answer().completeExceptionally(new IOException(why));
  }

  /** Lets time pass in steps until a certificate is asked for; at most {@code limit}. */
  private Duration untilAsked(Duration step, Duration limit) {
    Instant before = now;
    while (asked.isEmpty() && Duration.between(before, now).compareTo(limit) < 0) {
      pass(step);
    }
    assertThat(asked).as("asked for within %s", limit).hasSize(1);
    return Duration.between(before, now);
  }

  @Test
  void everyRenewalHasAKeyOfItsOwn() {
    keeper.tick();
    PublicKey one = answerAndTellKey();
    Duration waited = untilAsked(Duration.ofMinutes(1), LIFE);
    assertThat(waited)
        .as("half-life, five percent earlier or later")
        .isBetween(LIFE.multipliedBy(45).dividedBy(100), LIFE.multipliedBy(56).dividedBy(100));
    assertThat(key(asked.element())).isNotEqualTo(one);
    fail("not now");
    untilAsked(Duration.ofSeconds(1), Duration.ofMinutes(10));
    assertThat(answerAndTellKey()).isNotEqualTo(one);
    assertThat(keeper.refreshes()).isEqualTo(2);
  }

  /**
   * Hours without a control plane that issues: the leaf serves to its end, and says when it does.
   */
  @Test
  void aFailedRenewalKeepsTheLeafIsTriedAgainAndTurnsReadinessOffBeforeTheEnd() {
    keeper.tick();
    assertThat(keeper.missing()).isPresent();
    answer(first, first.bundle(), 0);
    WorkloadCertificate leaf = requireNonNull(keeper.certificate());
    Instant end = leaf.notAfter();
    assertThat(keeper.missing()).isEmpty();

    untilAsked(Duration.ofMinutes(1), LIFE);
    fail("the issuer is away");
    Duration firstPause = untilAsked(Duration.ofMillis(100), Duration.ofMinutes(10));
    assertThat(firstPause).as("soon at first").isLessThanOrEqualTo(Duration.ofSeconds(2));
    Duration longest = firstPause;
    int tries = 1;
    while (keeper.missing().isEmpty()) {
      fail("the issuer is away");
      Duration pause = untilAsked(Duration.ofSeconds(1), Duration.ofMinutes(10));
      longest = pause.compareTo(longest) > 0 ? pause : longest;
      tries++;
      assertThat(now).as("readiness goes off in time").isBefore(end);
      assertThat(keeper.certificate()).as("the valid leaf stays in use").isSameAs(leaf);
      assertThat(tls.notAfter().map(Instant::getEpochSecond)).contains(end.getEpochSecond());
    }
    assertThat(tries).as("tried for half a day").isGreaterThan(10);
    assertThat(longest).as("with growing pauses").isGreaterThan(firstPause.multipliedBy(4));
    assertThat(Duration.between(now, end)).isLessThanOrEqualTo(Duration.ofMinutes(5));
    assertThat(keeper.missing().orElseThrow()).contains("ends at " + end, "the issuer is away");
    assertThat(keeper.failures()).isEqualTo(tries);

    answer(first, first.bundle(), 0);
    assertThat(keeper.missing()).isEmpty();
    assertThat(requireNonNull(keeper.certificate()).notAfter()).isAfter(end);
    assertThat(tls.notAfter().orElseThrow()).isAfter(end);
  }

  /** The old root went while it had no stream. */
  @Test
  void aCertificateThatIsNotBelievedIsReplacedSoonAndNotWithoutEnd() {
    keeper.onUnbelieved(tls.notAfter());
    assertThat(asked).as("before there is one").isEmpty();
    keeper.tick();
    answer(first, first.bundle(), 0);
    keeper.onUnbelieved(tls.notAfter());
    Duration waited = untilAsked(Duration.ofSeconds(1), Duration.ofMinutes(1));
    assertThat(waited).isLessThanOrEqualTo(RenewalClock.MAX_SPREAD.plusSeconds(1));
    answer(second, second.bundle(), 0);
    assertThat(keeper.fingerprint()).isEqualTo(second.bundle().fingerprint());

    // A minute from the first refusal there is another, however often it is refused.
    Duration left = Duration.ofSeconds(60).minus(waited);
    for (Duration t = Duration.ofSeconds(1); t.compareTo(left) < 0; t = t.plusSeconds(1)) {
      keeper.onUnbelieved(tls.notAfter());
      pass(Duration.ofSeconds(1));
    }
    assertThat(asked).isEmpty();
    pass(Duration.ofSeconds(1));
    keeper.onUnbelieved(tls.notAfter());
    untilAsked(Duration.ofSeconds(1), Duration.ofSeconds(25));
  }

  /** As a control plane that believes no certificate of its own issuer. */
  @Test
  void oneThatIsNeverBelievedAsksLessAndLess() {
    keeper.tick();
    answer(first, first.bundle(), 0);
    assertThat(asksWhileRefused(Duration.ofHours(2)))
        .as("at once, then after 1, 2, 4, 8, 16 and 32 minutes, and every 32 from then on")
        .isBetween(6, 9);
    keeper.onBelieved();
    assertThat(asksWhileRefused(Duration.ofMinutes(36)))
        .as("as in the beginning once a stream was welcomed")
        .isBetween(4, 6);
  }

  private int asksWhileRefused(Duration time) {
    int asks = 0;
    for (Duration t = Duration.ZERO; t.compareTo(time) < 0; t = t.plusSeconds(1)) {
      keeper.onUnbelieved(tls.notAfter());
      pass(Duration.ofSeconds(1));
      if (!asked.isEmpty()) {
        asks++;
        answer(first, first.bundle(), 0);
      }
    }
    return asks;
  }

  @Test
  void aRefusalOfTheCertificateBeforeOrAfterAFailureAsksForNothing() {
    keeper.tick();
    answer(first, first.bundle(), 0);
    Optional<Instant> before = tls.notAfter();
    untilAsked(Duration.ofMinutes(1), LIFE);
    answer(second, second.bundle(), 0);
    assertThat(tls.notAfter()).isNotEqualTo(before);
    keeper.onUnbelieved(before);
    pass(Duration.ofMinutes(1));
    assertThat(asked).as("there is another already").isEmpty();

    untilAsked(Duration.ofMinutes(1), LIFE);
    fail("the issuer is away");
    for (int i = 0; i < 12; i++) {
      untilAsked(Duration.ofSeconds(1), Duration.ofHours(1));
      fail("the issuer is away");
    }
    Instant failed = now;
    keeper.onUnbelieved(tls.notAfter());
    untilAsked(Duration.ofSeconds(1), Duration.ofHours(1));
    assertThat(Duration.between(failed, now))
        .as("its own pause stays")
        .isGreaterThan(RenewalClock.MAX_SPREAD);
  }

  @Test
  void aCertificateThatHasEndedIsStillReplaced() {
    keeper.tick();
    answer(first, first.bundle(), 0);
    untilAsked(Duration.ofMinutes(1), LIFE);
    fail("the issuer is away");
    pass(LIFE);
    assertThat(keeper.missing().orElseThrow()).contains("has ended at");
    fail("the issuer is away");
    Duration pause = untilAsked(Duration.ofMillis(500), Duration.ofMinutes(10));
    assertThat(pause)
        .as("every second is an outage")
        .isLessThanOrEqualTo(RenewalClock.MAX_PAUSE_WITHOUT.plusMillis(500));
    answer(first, first.bundle(), 0);
    assertThat(keeper.missing()).isEmpty();
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
