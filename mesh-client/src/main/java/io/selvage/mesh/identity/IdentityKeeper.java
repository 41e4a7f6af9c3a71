// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.identity;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import io.selvage.identity.workload.CertificateRequests;
import io.selvage.identity.workload.PeerVerdict;
import io.selvage.identity.workload.RenewalClock;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadCertificate;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.mesh.MeshOptions;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.wire.WireLimits;
import io.selvage.proxy.tls.MeshTls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the process's certificate: gets the first one, renews it at half-life with a new key, and
 * believes the bundles the control plane sends. A failed renewal is tried again until it succeeds;
 * the certificate in use stays in use for as long as it is valid.
 *
 * <p>Reads files and makes keys, so everything that changes state runs on one thread that may block
 * ({@code worker}); {@link #tick} is to be called there about once a second, which makes the clock
 * the only timer. The other methods may be called from any thread.
 */
public final class IdentityKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(IdentityKeeper.class);
  private static final Duration WAITING_LOG = Duration.ofSeconds(15);

  /** A control plane that believes no certificate of ours must not make us ask without end. */
  private static final Duration UNBELIEVED_EVERY = Duration.ofSeconds(60);

  /** What that grows to, doubling, while no stream is welcomed. */
  private static final Duration UNBELIEVED_AT_MOST = Duration.ofMinutes(32);

  /** Told on the worker when certificate or bundle have changed; both are in use by then. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param renewed whether the certificate is new
     */
    void onChange(boolean renewed);
  }

  private final MeshOptions options;
  private final MeshTls tls;
  private final Certifier certifier;
  private final RenewalClock renewals;
  private final InstantSource clock;
  private final Executor worker;
  private final Listener listener;

  private @Nullable Instant nextAttempt;
  private @Nullable Instant unbelievedAt;
  private Duration unbelievedPause = UNBELIEVED_EVERY;
  private @Nullable Instant waitingLogged;
  private boolean asking;
  private int failures;
  private boolean saidUnready;

  /** What the anchors file held when it was last read. */
  private @Nullable TrustBundle fromFile;

  /** Whether the bundle in use came from the control plane. */
  private boolean pushed;

  /** Counts changes of the bundle. */
  private long bundleChanges;

  /** Of the bundle in use; 0 = not known. */
  private long revision;

  /** A renewal was asked for while a request was running, whose answer may be of the old issuer. */
  private boolean renewAgain;

  private volatile @Nullable TrustBundle bundle;
  private volatile @Nullable WorkloadCertificate certificate;
  private volatile RenewalClock.@Nullable Schedule schedule;
  private volatile String lastProblem = "none was asked for yet";
  private final AtomicLong refreshes = new AtomicLong();
  private final AtomicLong failuresTotal = new AtomicLong();

  /**
   * @param worker the one thread, on which {@link #tick} is called too
   */
  public IdentityKeeper(
      MeshOptions options,
      MeshTls tls,
      Certifier certifier,
      RenewalClock renewals,
      InstantSource clock,
      Executor worker,
      Listener listener) {
    this.options = options;
    this.tls = tls;
    this.certifier = certifier;
    this.renewals = renewals;
    this.clock = clock;
    this.worker = worker;
    this.listener = listener;
  }

  // ---- What others see

  /** What is missing for readiness: no certificate, or one that ends soon; empty if nothing is. */
  public Optional<String> missing() {
    RenewalClock.Schedule current = schedule;
    if (current == null) {
      return Optional.of("there is no certificate yet: " + lastProblem);
    }
    Instant now = clock.instant();
    if (current.isReady(now)) {
      return Optional.empty();
    }
    return Optional.of(
        "the certificate "
            + (now.isBefore(current.endsAt()) ? "ends at " : "has ended at ")
            + current.endsAt()
            + " and could not be renewed: "
            + lastProblem);
  }

  /** Fingerprint of the bundle in use; empty without one. */
  public String fingerprint() {
    TrustBundle current = bundle;
    return current == null ? "" : current.fingerprint();
  }

  /** The certificate in use; null before the first. */
  public @Nullable WorkloadCertificate certificate() {
    return certificate;
  }

  /** Certificates received so far. */
  public long refreshes() {
    return refreshes.get();
  }

  /** Requests for a certificate that failed so far. */
  public long failures() {
    return failuresTotal.get();
  }

  // ---- On the worker

  /** Does what is due. */
  public void tick() {
    Instant now = clock.instant();
    Instant due = nextAttempt;
    if (!asking && (due == null || !now.isBefore(due))) {
      ask();
    }
    logWaiting(now);
    logReadiness(now);
  }

  private void ask() {
    readAnchors();
    TrustBundle believed = bundle;
    if (believed == null) {
      onFailure(lastProblem);
      return;
    }
    String token;
    try {
      token = read(options.tokenFile(), WireLimits.TOKEN_BYTES).strip();
    } catch (IOException e) {
      onFailure("the token cannot be read: " + e);
      return;
    }
    if (token.isEmpty()) {
      onFailure("the token file " + options.tokenFile() + " is empty");
      return;
    }
    KeyPair keys = WorkloadKeys.create();
    var request = new Certify.Request(token, CertificateRequests.create(keys), options.pod());
    long changesBefore = bundleChanges;
    asking = true;
    certifier
        .certify(request)
        .whenCompleteAsync(
            (response, failure) -> {
              asking = false;
              if (failure != null) {
                onFailure(text(failure));
                return;
              }
              try {
                install(response, keys, bundleChanges != changesBefore);
              } catch (IllegalArgumentException | GeneralSecurityException e) {
                onFailure(String.valueOf(e.getMessage()));
              }
            },
            worker);
  }

  /**
   * @param overtaken whether another bundle has come while the answer was under way: that one is
   *     the newer
   */
  private void install(Certify.Response response, KeyPair keys, boolean overtaken)
      throws GeneralSecurityException {
    Instant now = clock.instant();
    TrustBundle answered = parse(response.bundlePem(), response.fingerprint());
    long answeredRevision = response.bundleRevision();
    boolean older =
        revision != 0 && answeredRevision != 0 ? answeredRevision < revision : overtaken;
    TrustBundle believed = older ? requireNonNull(bundle) : answered;
    var issued = WorkloadCertificate.of(response, keys.getPrivate(), believed, now);
    if (!issued.identity().trustDomain().equals(options.trustDomain())) {
      throw new IllegalArgumentException(
          "the certificate is for "
              + issued.identity()
              + ", which is not of the trust domain "
              + options.trustDomain());
    }
    tls.use(Optional.of(issued.keyMaterial()), believed.pem());
    var planned = renewals.schedule(now, issued.notBefore(), issued.notAfter());
    bundle = believed;
    if (!older && answeredRevision != 0) {
      revision = answeredRevision;
    }
    pushed = true;
    certificate = issued;
    schedule = planned;
    nextAttempt = planned.renewAt();
    if (renewAgain) {
      renewAgain = false;
      nextAttempt = earlier(planned.renewAt(), renewals.renewSoon(now, issued.notAfter()));
    }
    failures = 0;
    refreshes.incrementAndGet();
    LOG.atInfo()
        .addKeyValue("identity", issued.identity())
        .addKeyValue("notAfter", issued.notAfter())
        .addKeyValue("renewAt", planned.renewAt())
        .log("got a certificate");
    listener.onChange(true);
  }

  private void onFailure(String why) {
    failures++;
    failuresTotal.incrementAndGet();
    lastProblem = why;
    Instant now = clock.instant();
    WorkloadCertificate current = certificate;
    Duration left = current == null ? Duration.ZERO : Duration.between(now, current.notAfter());
    Duration pause = renewals.retryAfter(failures, left);
    nextAttempt = now.plus(pause);
    if (current != null) {
      LOG.atWarn()
          .addKeyValue("reason", why)
          .addKeyValue("notAfter", current.notAfter())
          .addKeyValue("retryMillis", pause.toMillis())
          .log("the certificate could not be renewed");
    }
  }

  /** The control plane says whom to believe. */
  public void onBundle(ControlMessage.Bundle message) {
    try {
      TrustBundle told = parse(message.pem(), message.fingerprint());
      if (message.revision() != 0 && message.revision() < revision) {
        LOG.atWarn()
            .addKeyValue("fingerprint", told.fingerprint())
            .log("a control plane that is behind sent an older trust bundle; the newer one stays");
        return;
      }
      if (message.revision() != 0) {
        revision = message.revision();
      }
      pushed = true;
      if (!told.equals(bundle)) {
        believe(told);
        LOG.atInfo()
            .addKeyValue("fingerprint", told.fingerprint())
            .addKeyValue("anchors", told.anchors().size())
            .log("the trust bundle has changed");
      }
    } catch (IllegalArgumentException | GeneralSecurityException e) {
      LOG.atError()
          .addKeyValue("reason", e.getMessage())
          .log("the control plane sent a trust bundle that cannot be used; the old one stays");
      return;
    }
    Instant now = clock.instant();
    WorkloadCertificate current = certificate;
    TrustBundle believed = bundle;
    if (current != null && believed != null) {
      boolean orphaned =
          believed.verify(current.chain(), now, TrustBundle.SKEW) instanceof PeerVerdict.Refused;
      if (asking) {
        renewAgain |= message.renew();
      } else if (message.renew() || orphaned) {
        Instant soon = renewals.renewSoon(now, current.notAfter());
        Instant due = nextAttempt;
        nextAttempt = due == null ? soon : earlier(soon, due);
      }
    }
    listener.onChange(false);
  }

  /**
   * The control plane has refused our certificate, as when its issuer's root was removed while we
   * had no stream. A token is enough to ask for another, and the answer says whom to believe. Does
   * nothing when there is another certificate since, or when the last request for one has failed:
   * then the next is due with its own pause.
   *
   * @param refused end of the certificate that was refused; empty if that is not known
   */
  public void onUnbelieved(Optional<Instant> refused) {
    WorkloadCertificate current = certificate;
    Instant due = nextAttempt;
    if (current == null || asking || due == null || failures > 0) {
      return;
    }
    if (refused.isPresent() && !refused.equals(tls.notAfter())) {
      return;
    }
    Instant now = clock.instant();
    Instant last = unbelievedAt;
    if (last != null) {
      if (Duration.between(last, now).abs().compareTo(unbelievedPause) < 0) {
        return;
      }
      Duration twice = unbelievedPause.multipliedBy(2);
      unbelievedPause = twice.compareTo(UNBELIEVED_AT_MOST) < 0 ? twice : UNBELIEVED_AT_MOST;
    }
    unbelievedAt = now;
    nextAttempt = earlier(renewals.renewSoon(now, current.notAfter()), due);
    LOG.atWarn()
        .addKeyValue("nextAttempt", nextAttempt)
        .log("the control plane does not believe the certificate: asking for another");
  }

  /** The control plane has welcomed a stream, so it believes the certificate. */
  public void onBelieved() {
    unbelievedPause = UNBELIEVED_EVERY;
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  private void believe(TrustBundle next) throws GeneralSecurityException {
    WorkloadCertificate current = certificate;
    tls.use(Optional.ofNullable(current).map(WorkloadCertificate::keyMaterial), next.pem());
    bundle = next;
    bundleChanges++;
  }

  /**
   * Reads the anchors file. Until the control plane has spoken it is all there is. Later it counts
   * only when it has changed, and then beside what is believed already: it is how a proxy that
   * missed a whole rotation finds back.
   */
  private void readAnchors() {
    TrustBundle current = bundle;
    try {
      TrustBundle read = parse(read(options.anchorsFile(), WireLimits.PEM_BYTES), "");
      boolean changed = !read.equals(fromFile);
      if (current == null || !pushed) {
        if (!read.equals(current)) {
          believe(read);
        }
      } else if (changed && fromFile != null && !current.containsAll(read)) {
        believe(current.plus(read));
        LOG.atInfo().log("the file of trust anchors has changed: its anchors are believed too");
      }
      fromFile = read;
    } catch (IOException | IllegalArgumentException | GeneralSecurityException e) {
      String why = "the trust anchors of " + options.anchorsFile() + " cannot be used: " + text(e);
      if (current == null) {
        lastProblem = why;
      } else {
        LOG.atDebug().log(why);
      }
    }
  }

  private static TrustBundle parse(String pem, String fingerprint) {
    TrustBundle parsed =
        switch (TrustBundle.parse(pem)) {
          case TrustBundle.Parsed.Accepted(TrustBundle accepted) -> accepted;
          case TrustBundle.Parsed.Rejected(String reason, String message) ->
              throw new IllegalArgumentException(message + " (" + reason + ")");
        };
    if (!fingerprint.isEmpty() && !fingerprint.equals(parsed.fingerprint())) {
      throw new IllegalArgumentException("the trust bundle does not have the fingerprint it names");
    }
    return parsed;
  }

  private static String read(Path file, int maxBytes) throws IOException {
    try (var in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new IOException(file + " is longer than " + maxBytes + " bytes");
      }
      return new String(bytes, US_ASCII);
    }
  }

  private static String text(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    String message = cause.getMessage();
    return message == null || cause instanceof IOException && message.startsWith("/")
        ? cause.toString()
        : message;
  }

  private void logWaiting(Instant now) {
    if (certificate != null) {
      return;
    }
    Instant last = waitingLogged;
    if (last == null || Duration.between(last, now).compareTo(WAITING_LOG) >= 0) {
      if (last != null) {
        LOG.atInfo().addKeyValue("reason", lastProblem).log("waiting for a certificate");
      }
      waitingLogged = now;
    }
  }

  private void logReadiness(Instant now) {
    RenewalClock.Schedule current = schedule;
    boolean unready = current != null && !current.isReady(now);
    if (unready != saidUnready) {
      saidUnready = unready;
      if (unready) {
        LOG.atError()
            .addKeyValue("notAfter", requireNonNull(current).endsAt())
            .addKeyValue("reason", lastProblem)
            .log("the certificate ends soon and is not renewed: not ready any more");
      } else {
        LOG.atInfo().log("the certificate is renewed: ready again");
      }
    }
  }
}
