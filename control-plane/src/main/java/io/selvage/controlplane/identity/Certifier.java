// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.identity.CertifyOutcome.Code;
import io.selvage.controlplane.identity.CertifyOutcome.Issued;
import io.selvage.controlplane.identity.CertifyOutcome.Refused;
import io.selvage.identity.issue.CertificateRequest;
import io.selvage.identity.issue.IssuedLeaf;
import io.selvage.identity.workload.PemText;
import io.selvage.kube.TokenVerifier;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides who gets which certificate. Who somebody is comes from the token alone; the request gives
 * the key, and is refused if it claims anything that will not be in the certificate. Blocks for as
 * long as the token verifier does. Thread-safe.
 */
final class Certifier {
  /** Longest token that is looked at, in characters: those of an API server have about 1 KiB. */
  static final int MAX_TOKEN_CHARS = 16 * 1024;

  private static final String USER_PREFIX = "system:serviceaccount:";

  private final IdentityOptions options;
  private final Supplier<@Nullable Trust> trust;
  private final TokenVerifier tokens;
  private final IdentityEvents events;
  private final IdentityMetrics metrics;
  private final InstantSource clock;
  private final LongSupplier nanos;
  private final RateLimits<WorkloadIdentity> limits;

  Certifier(
      IdentityOptions options,
      Supplier<@Nullable Trust> trust,
      TokenVerifier tokens,
      IdentityEvents events,
      IdentityMetrics metrics,
      InstantSource clock,
      LongSupplier nanos) {
    this.options = requireNonNull(options, "options");
    this.trust = requireNonNull(trust, "trust");
    this.tokens = requireNonNull(tokens, "tokens");
    this.events = requireNonNull(events, "events");
    this.metrics = requireNonNull(metrics, "metrics");
    this.clock = requireNonNull(clock, "clock");
    this.nanos = requireNonNull(nanos, "nanos");
    this.limits = new RateLimits<>(options.burst(), options.perSecond());
  }

  /** Answers one request. Throws nothing for what it holds. */
  CertifyOutcome certify(Certify.Request request) {
    var attempt = new Attempt(request);
    CertifyOutcome outcome = attempt.run();
    if (outcome instanceof Refused refused) {
      metrics.refused(refused.reason());
      events.refused(
          Optional.ofNullable(attempt.identity), attempt.pod, refused.reason(), refused.message());
    }
    return outcome;
  }

  /** One request, with what became known of it on the way. */
  private final class Attempt {
    private final Certify.Request request;
    private @Nullable WorkloadIdentity identity;
    private PodRef pod = PodRef.NONE;

    Attempt(Certify.Request request) {
      this.request = request;
    }

    CertifyOutcome run() {
      Trust current = trust.get();
      Instant now = clock.instant();
      if (current == null) {
        return new Refused(Code.UNAVAILABLE, "IssuerNotReady", "the issuer is not ready yet");
      }
      if (now.isAfter(current.issuer().notAfter())) {
        return new Refused(
            Code.UNAVAILABLE,
            "IssuerExpired",
            "the issuer ended at " + current.issuer().notAfter() + " and was not replaced");
      }
      if (request.token().isEmpty()) {
        return new Refused(Code.INVALID_ARGUMENT, "TokenMissing", "there is no token");
      }
      if (request.token().length() > MAX_TOKEN_CHARS) {
        return new Refused(
            Code.INVALID_ARGUMENT,
            "TokenTooLarge",
            "the token has more than " + MAX_TOKEN_CHARS + " characters");
      }
      return switch (CertificateRequest.parse(request.csr())) {
        case CertificateRequest.Parsed.Rejected(String reason, String message) ->
            new Refused(Code.INVALID_ARGUMENT, reason, message);
        case CertificateRequest.Parsed.Accepted(CertificateRequest csr) ->
            authenticate(current, csr, now);
      };
    }

    private CertifyOutcome authenticate(Trust current, CertificateRequest csr, Instant now) {
      return switch (tokens.verify(request.token())) {
        case TokenVerifier.Refused(String why) ->
            new Refused(Code.UNAUTHENTICATED, "TokenRefused", "the token is refused: " + why);
        case TokenVerifier.Unavailable(String why) ->
            new Refused(
                Code.UNAVAILABLE, "TokenUnchecked", "the token cannot be checked now: " + why);
        case TokenVerifier.Verified verified -> authorize(current, csr, verified, now);
      };
    }

    private CertifyOutcome authorize(
        Trust current, CertificateRequest csr, TokenVerifier.Verified verified, Instant now) {
      WorkloadIdentity who = identityOf(verified.username());
      if (who == null) {
        return new Refused(
            Code.FAILED_PRECONDITION,
            "NotAServiceAccount",
            "the token is not that of a ServiceAccount that can have an identity");
      }
      identity = who;
      pod =
          verified.pod().isEmpty() ? claimedPod(who) : new PodRef(who.namespace(), verified.pod());
      if (!limits.tryTake(who, nanos.getAsLong())) {
        return new Refused(
            Code.RESOURCE_EXHAUSTED,
            "RateLimited",
            who + " asks for more than " + options.perSecond() + " certificates a second");
      }
      if (options.podBoundOnly() && verified.pod().isEmpty()) {
        return new Refused(
            Code.FAILED_PRECONDITION, "TokenNotPodBound", "the token is not bound to a pod");
      }
      String claim = foreignClaim(csr, who);
      if (claim != null) {
        return new Refused(
            Code.FAILED_PRECONDITION,
            "ForeignClaim",
            "the request of " + who + " claims more than its key: " + claim);
      }
      return issue(current, csr, who, now);
    }

    /** What a request says of its pod is believed where a token's does not say it: for Events. */
    private PodRef claimedPod(WorkloadIdentity who) {
      return request.pod().namespace().equals(who.namespace()) ? request.pod() : PodRef.NONE;
    }

    private CertifyOutcome issue(
        Trust current, CertificateRequest csr, WorkloadIdentity who, Instant now) {
      IssuedLeaf leaf =
          current.issuer().issue(who, csr.key(), now, options.leafLifetime(), options.skew());
      metrics.issued();
      events.issued(who, pod, leaf.notAfter(), leaf.sha256());
      return new Issued(
          new Certify.Response(
              who.uri(),
              leaf.chain().stream().map(PemText::write).toList(),
              leaf.notAfter().toEpochMilli(),
              current.bundle().pem(),
              current.bundle().fingerprint(),
              current.revision()));
    }
  }

  /** Null unless the name is that of a ServiceAccount with names Kubernetes would have allowed. */
  private @Nullable WorkloadIdentity identityOf(String username) {
    if (!username.startsWith(USER_PREFIX)) {
      return null;
    }
    String[] parts = username.substring(USER_PREFIX.length()).split(":", -1);
    if (parts.length != 2) {
      return null;
    }
    try {
      return new WorkloadIdentity(options.trustDomain(), parts[0], parts[1]);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The first thing a request asks for beyond what its sender gets; null if there is none. */
  private static @Nullable String foreignClaim(CertificateRequest csr, WorkloadIdentity who) {
    for (String name : csr.commonNames()) {
      if (!name.isEmpty() && !name.equals(who.uri())) {
        return "subject CN=" + name;
      }
    }
    for (String uri : csr.uris()) {
      if (!uri.equals(who.uri())) {
        return "URI " + uri;
      }
    }
    return csr.claims().isEmpty() ? null : csr.claims().getFirst();
  }
}
