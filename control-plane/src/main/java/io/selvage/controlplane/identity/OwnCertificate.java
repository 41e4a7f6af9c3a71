// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.controlplane.link.ServerKeys;
import io.selvage.identity.issue.IssuedLeaf;
import io.selvage.identity.workload.RenewalClock;
import io.selvage.identity.workload.WorkloadKeys;
import java.security.KeyPair;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The control plane's own certificate, from its own issuer: renewed at half-life and whenever
 * issuer or anchors change, each time with a new key. Changed by one thread, read by any.
 */
final class OwnCertificate {
  private static final Logger log = LoggerFactory.getLogger(OwnCertificate.class);

  private final IdentityOptions options;
  private @Nullable Trust issuedBy;
  private Instant renewAt = Instant.MIN;
  private volatile @Nullable ServerKeys keys;

  OwnCertificate(IdentityOptions options) {
    this.options = options;
  }

  @Nullable ServerKeys keys() {
    return keys;
  }

  /** Renews if it is time; an issuer that has ended leaves the last certificate in use. */
  void refresh(Trust trust, Instant now) {
    if (trust.equals(issuedBy) && now.isBefore(renewAt) || now.isAfter(trust.issuer().notAfter())) {
      return;
    }
    KeyPair pair = WorkloadKeys.create();
    IssuedLeaf leaf =
        trust
            .issuer()
            .issue(options.self(), pair.getPublic(), now, options.leafLifetime(), options.skew());
    Instant start = leaf.leaf().getNotBefore().toInstant();
    renewAt =
        new RenewalClock(ThreadLocalRandom.current())
            .schedule(now, start, leaf.notAfter())
            .renewAt();
    issuedBy = trust;
    keys = new ServerKeys(pair.getPrivate(), leaf.chain(), trust.bundle().anchors());
    log.info("own certificate until {}", leaf.notAfter());
  }
}
