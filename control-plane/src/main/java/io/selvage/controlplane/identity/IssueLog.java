// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes to the log who was issued a certificate, where there is no API server to hold an Event of
 * it. Refusals, and what becomes of the issuer, are logged wherever there is one or not.
 */
public final class IssueLog implements IdentityEvents {
  private static final Logger log = LoggerFactory.getLogger(IssueLog.class);

  @Override
  public void issued(WorkloadIdentity identity, PodRef pod, Instant notAfter, String sha256) {
    log.info("{} of {} gets a certificate until {}, SHA-256 {}", identity, pod, notAfter, sha256);
  }

  @Override
  public void refused(
      Optional<WorkloadIdentity> identity, PodRef pod, String reason, String message) {}

  @Override
  public void issuerUpdated(String message) {}

  @Override
  public void issuerSkipped(String reason, String message) {}
}
