// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.selvage.controlplane.identity.CertifyOutcome.Code;
import io.selvage.controlplane.identity.CertifyOutcome.Issued;
import io.selvage.controlplane.identity.CertifyOutcome.Refused;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.CertificateRequest;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.token.TokenKey;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.identity.workload.CertificateRequests;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.WorkloadCertificate;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.kube.TokenVerifier;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.testkit.TestCsr;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CertifierTest {
  private static final WorkloadIdentity SELF =
      new WorkloadIdentity("cluster.local", "selvage", "control-plane");
  private static final WorkloadIdentity WEB = new WorkloadIdentity("cluster.local", "shop", "web");
  private static final PodRef POD = new PodRef("shop", "web-1");

  private final TestClock clock = new TestClock();
  private final AtomicLong nanos = new AtomicLong();
  private final RecordedEvents events = new RecordedEvents();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final KeyPair keys = WorkloadKeys.create();
  private final TokenKey tokenKey = WorkloadTokens.newKey();
  private @Nullable Trust trust = trust(clock.instant());
  private IdentityOptions options = IdentityOptions.defaults(SELF);
  private TokenVerifier verifier =
      new LocalTokenVerifier(tokenKey.open(), MeshProtocol.TOKEN_AUDIENCE, clock);

  @Test
  void anHonestRequestGetsACertificateOfTheTokensName() {
    Certify.Response response = issued(request(token(WEB), CertificateRequests.create(keys)));
    assertThat(response.identity()).isEqualTo("spiffe://cluster.local/ns/shop/sa/web");
    assertThat(response.chainPem()).hasSize(2);
    assertThat(response.notAfterMillis())
        .isEqualTo(clock.instant().plus(Duration.ofHours(24)).plusSeconds(20).toEpochMilli());
    var certificate =
        WorkloadCertificate.of(response, keys.getPrivate(), trust.bundle(), clock.instant());
    assertThat(certificate.identity()).isEqualTo(WEB);
    assertThat(response.fingerprint()).isEqualTo(trust.bundle().fingerprint());
    assertThat(response.bundlePem()).isEqualTo(trust.bundle().pem());
    assertThat(events.lines).containsExactly("issued web.shop shop/web-1 2026-01-02T00:00:20Z");
    assertThat(registry.counter("selvage.identity.issued").count()).isOne();
  }

  @Test
  void aDottedServiceAccountIsAccepted() {
    var dotted = new WorkloadIdentity("cluster.local", "shop", "web.front.v2");
    assertThat(issued(request(token(dotted), CertificateRequests.create(keys))).identity())
        .isEqualTo(dotted.uri());
  }

  @Test
  void ownNameMayBeAskedFor() {
    issued(request(token(WEB), TestCsr.of(keys).subject("CN=" + WEB.uri()).uri(WEB.uri()).build()));
  }

  @Test
  void whoClaimsMoreThanItsKeyIsRefused() {
    for (TestCsr forged :
        List.of(
            TestCsr.of(keys).subject("CN=admin"),
            TestCsr.of(keys).subject("O=selvage"),
            TestCsr.of(keys).uri(SELF.uri()),
            TestCsr.of(keys).uri(WEB.uri()).uri(SELF.uri()),
            TestCsr.of(keys).uri(WEB.uri() + "/"),
            TestCsr.of(keys).dns("web.shop.svc"),
            TestCsr.of(keys).ip("10.0.0.1"),
            TestCsr.of(keys).email("a@b.example"),
            TestCsr.of(keys).challengePassword(),
            TestCsr.of(keys).extension(Extension.basicConstraints, new BasicConstraints(true)))) {
      Refused refused = refused(request(token(WEB), forged.build()));
      assertThat(refused.code()).isEqualTo(Code.FAILED_PRECONDITION);
      assertThat(refused.reason()).isEqualTo("ForeignClaim");
      assertThat(refused.message()).contains(WEB.uri()).contains("claims more than its key: ");
    }
    assertThat(events.lines)
        .hasSize(10)
        .allSatisfy(line -> assertThat(line).startsWith("refused web.shop ForeignClaim: "));
    assertThat(registry.counter("selvage.identity.refused", "reason", "ForeignClaim").count())
        .isEqualTo(10);
  }

  @Test
  void theRefusalNamesTheClaim() {
    assertThat(
            refused(
                    request(
                        token(WEB),
                        TestCsr.of(keys)
                            .extension(Extension.basicConstraints, new BasicConstraints(true))
                            .build()))
                .message())
        .endsWith("basic constraints CA:TRUE");
    assertThat(refused(request(token(WEB), TestCsr.of(keys).uri(SELF.uri()).build())).message())
        .endsWith("URI " + SELF.uri());
  }

  @Test
  void whatIsNoRequestIsRefused() {
    byte[] good = CertificateRequests.create(keys);
    byte[] broken = good.clone();
    broken[broken.length - 1] ^= 1;
    assertCode(request(token(WEB), broken), Code.INVALID_ARGUMENT, "SignatureInvalid");
    assertCode(request(token(WEB), new byte[0]), Code.INVALID_ARGUMENT, "RequestEmpty");
    assertCode(request(token(WEB), new byte[] {1, 2, 3}), Code.INVALID_ARGUMENT, "RequestInvalid");
    assertCode(
        request(token(WEB), new byte[CertificateRequest.MAX_BYTES + 1]),
        Code.INVALID_ARGUMENT,
        "RequestTooLarge");
    assertCode(
        request(token(WEB), TestCsr.rsa().build()), Code.INVALID_ARGUMENT, "KeyNotSupported");
  }

  @Test
  void tokensOfOthersAreRefused() {
    byte[] csr = CertificateRequests.create(keys);
    assertCode(request("", csr), Code.INVALID_ARGUMENT, "TokenMissing");
    assertCode(
        request("a".repeat(Certifier.MAX_TOKEN_CHARS + 1), csr),
        Code.INVALID_ARGUMENT,
        "TokenTooLarge");
    assertCode(
        request("a".repeat(Certifier.MAX_TOKEN_CHARS), csr), Code.UNAUTHENTICATED, "TokenRefused");
    String foreign =
        WorkloadTokens.mint(
            WorkloadTokens.newKey(),
            WEB,
            MeshProtocol.TOKEN_AUDIENCE,
            clock.instant(),
            Duration.ofHours(1));
    assertCode(request(foreign, csr), Code.UNAUTHENTICATED, "TokenRefused");
    String vault =
        WorkloadTokens.mint(tokenKey, WEB, "vault", clock.instant(), Duration.ofHours(1));
    assertCode(request(vault, csr), Code.UNAUTHENTICATED, "TokenRefused");
    assertThat(events.lines)
        .hasSize(5)
        .allSatisfy(line -> assertThat(line).startsWith("refused - Token").doesNotContain("aaaa"));
  }

  @Test
  void theVerifierIsAskedOnceAndOnlyForGoodRequests() {
    var asked = new AtomicInteger();
    verifier =
        token -> {
          asked.incrementAndGet();
          return new TokenVerifier.Refused("no");
        };
    refused(request("t", new byte[] {1}));
    assertThat(asked).hasValue(0);
    refused(request("t", CertificateRequests.create(keys)));
    assertThat(asked).hasValue(1);
  }

  @Test
  void namesThatAreNoServiceAccountsAreRefused() {
    for (String name :
        List.of(
            "",
            "admin",
            "system:node:n1",
            "system:serviceaccount:shop",
            "system:serviceaccount:shop:web:more",
            "system:serviceaccount:shop:",
            "system:serviceaccount::web",
            "system:serviceaccount:Shop:web",
            "system:serviceaccount:sh.op:web",
            "system:serviceaccount:shop:we/b",
            "system:serviceaccount:shop:we_b",
            "system:serviceaccount:shop:..",
            "system:serviceaccount:shop:web\n",
            "system:serviceaccount:" + "n".repeat(64) + ":web",
            "system:serviceaccount:shop:" + "a".repeat(254))) {
      verifier = token -> verified(name, "");
      assertCode(
          request("t", CertificateRequests.create(keys)),
          Code.FAILED_PRECONDITION,
          "NotAServiceAccount");
    }
    verifier =
        token -> verified("system:serviceaccount:" + "n".repeat(63) + ":" + "a".repeat(253), "");
    issued(request("t", CertificateRequests.create(keys)));
  }

  @Test
  void anAbsentApiServerIsNoRefusal() {
    verifier = token -> new TokenVerifier.Unavailable("connection refused");
    assertCode(request("t", CertificateRequests.create(keys)), Code.UNAVAILABLE, "TokenUnchecked");
  }

  @Test
  void withoutAnIssuerThereIsNothing() {
    trust = null;
    assertCode(
        request(token(WEB), CertificateRequests.create(keys)), Code.UNAVAILABLE, "IssuerNotReady");
  }

  /** Whoever reads it in a sidecar's log must know what to do. */
  @Test
  void theRefusalOfATokenSaysWhatIsWrongWithIt() {
    byte[] csr = CertificateRequests.create(keys);
    String foreign =
        WorkloadTokens.mint(
            WorkloadTokens.newKey(),
            WEB,
            MeshProtocol.TOKEN_AUDIENCE,
            clock.instant(),
            Duration.ofHours(1));
    assertThat(refused(request(foreign, csr)).message())
        .isEqualTo("the token is refused: it is not signed by this control plane's token key");
    String vault =
        WorkloadTokens.mint(tokenKey, WEB, "vault", clock.instant(), Duration.ofHours(1));
    assertThat(refused(request(vault, csr)).message())
        .isEqualTo("the token is refused: it is not for the audience identity.selvage.io");
  }

  @Test
  void anIssuerThatEndedIssuesNothing() {
    clock.advance(Duration.ofDays(365));
    issued(request(token(WEB), CertificateRequests.create(keys)));
    clock.advance(Duration.ofSeconds(1));
    assertCode(
        request(token(WEB), CertificateRequests.create(keys)), Code.UNAVAILABLE, "IssuerExpired");
    assertThat(refused(request(token(WEB), CertificateRequests.create(keys))).message())
        .startsWith("the issuer ended at ")
        .endsWith(" and was not replaced");
  }

  @Test
  void tokensMayHaveToBeBoundToAPod() {
    options = options.withPodBoundOnly(true);
    verifier = token -> verified("system:serviceaccount:shop:web", "");
    assertCode(
        request("t", CertificateRequests.create(keys)),
        Code.FAILED_PRECONDITION,
        "TokenNotPodBound");
    verifier = token -> verified("system:serviceaccount:shop:web", "web-7");
    issued(request("t", CertificateRequests.create(keys)));
    // The token's pod, not the one that the request speaks of.
    assertThat(events.lines.getLast()).startsWith("issued web.shop shop/web-7 ");
  }

  @Test
  void aPodOfAnotherNamespaceIsNotBelieved() {
    Certifier certifier = certifier();
    certifier.certify(
        new Certify.Request(
            token(WEB), CertificateRequests.create(keys), new PodRef("kube-system", "dns")));
    assertThat(events.lines.getLast()).startsWith("issued web.shop / ");
  }

  @Test
  void eachIdentityHasItsOwnRate() {
    options = options.withRate(3, 1);
    Certifier certifier = certifier();
    var web = request(token(WEB), CertificateRequests.create(keys));
    for (int i = 0; i < 3; i++) {
      assertThat(certifier.certify(web)).isInstanceOf(Issued.class);
    }
    assertThat(certifier.certify(web))
        .isInstanceOfSatisfying(
            Refused.class, r -> assertThat(r.code()).isEqualTo(Code.RESOURCE_EXHAUSTED));
    var other =
        request(
            token(new WorkloadIdentity("cluster.local", "shop", "api")),
            CertificateRequests.create(keys));
    assertThat(certifier.certify(other)).isInstanceOf(Issued.class);
    nanos.addAndGet(Duration.ofMillis(999).toNanos());
    assertThat(certifier.certify(web)).isInstanceOf(Refused.class);
    nanos.addAndGet(Duration.ofMillis(2).toNanos());
    assertThat(certifier.certify(web)).isInstanceOf(Issued.class);
    assertThat(certifier.certify(web)).isInstanceOf(Refused.class);
  }

  @Test
  void refusedRequestsCountAsWell() {
    options = options.withRate(2, 1);
    Certifier certifier = certifier();
    var forged = request(token(WEB), TestCsr.of(keys).dns("a").build());
    for (int i = 0; i < 2; i++) {
      assertThat(((Refused) certifier.certify(forged)).reason()).isEqualTo("ForeignClaim");
    }
    assertThat(((Refused) certifier.certify(forged)).reason()).isEqualTo("RateLimited");
  }

  @Test
  void theRatesOfManyIdentitiesHaveBoundedMemory() {
    var limits = new RateLimits<WorkloadIdentity>(1, 0.001);
    for (int i = 0; i < RateLimits.MAX_ASKERS; i++) {
      assertThat(limits.tryTake(new WorkloadIdentity("td", "n", "sa" + i), 0)).isTrue();
    }
    assertThat(limits.size()).isEqualTo(RateLimits.MAX_ASKERS);
    assertThat(limits.tryTake(new WorkloadIdentity("td", "n", "sa0"), 0)).isFalse();
    assertThat(limits.tryTake(new WorkloadIdentity("td", "n", "one-more"), 0)).isTrue();
    assertThat(limits.size()).isEqualTo(RateLimits.MAX_ASKERS);
    // The one not seen for the longest time made room.
    assertThat(limits.tryTake(new WorkloadIdentity("td", "n", "sa0"), 0)).isFalse();
    assertThat(limits.tryTake(new WorkloadIdentity("td", "n", "sa1"), 0)).isTrue();
  }

  private static TokenVerifier.Result verified(String user, String pod) {
    return new TokenVerifier.Verified(user, "", pod, List.of(MeshProtocol.TOKEN_AUDIENCE));
  }

  private String token(WorkloadIdentity who) {
    return WorkloadTokens.mint(
        tokenKey, who, MeshProtocol.TOKEN_AUDIENCE, clock.instant(), Duration.ofHours(1));
  }

  private static Certify.Request request(String token, byte[] csr) {
    return new Certify.Request(token, csr, POD);
  }

  private Certifier certifier() {
    return new Certifier(
        options, () -> trust, verifier, events, new IdentityMetrics(registry), clock, nanos::get);
  }

  private Certify.Response issued(Certify.Request request) {
    CertifyOutcome outcome = certifier().certify(request);
    assertThat(outcome).isInstanceOf(Issued.class);
    Certify.Response response = ((Issued) outcome).response();
    assertThat(PemText.certificates(String.join("", response.chainPem()))).isNotEmpty();
    return response;
  }

  private Refused refused(Certify.Request request) {
    CertifyOutcome outcome = certifier().certify(request);
    assertThat(outcome).isInstanceOf(Refused.class);
    return (Refused) outcome;
  }

  private void assertCode(Certify.Request request, Code code, String reason) {
    Refused refused = refused(request);
    assertThat(refused.reason()).isEqualTo(reason);
    assertThat(refused.code()).isEqualTo(code);
  }

  private static Trust trust(Instant now) {
    var made = CertificateAuthorities.create("cluster.local", now, Duration.ofDays(365));
    var issuer = Issuer.parse(made.issuerPem(), made.issuerKeyPem(), made.bundle(), now);
    return new Trust(((Issuer.Parsed.Accepted) issuer).issuer(), made.bundle(), 0);
  }
}
