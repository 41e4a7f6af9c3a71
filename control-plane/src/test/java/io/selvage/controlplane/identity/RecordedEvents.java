// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what identity told, one line each. */
final class RecordedEvents implements IdentityEvents {
  final List<String> lines = new CopyOnWriteArrayList<>();

  @Override
  public void issued(WorkloadIdentity identity, PodRef pod, Instant notAfter, String sha256) {
    lines.add("issued " + identity.shortName() + " " + pod + " " + notAfter);
  }

  @Override
  public void refused(
      Optional<WorkloadIdentity> identity, PodRef pod, String reason, String message) {
    lines.add(
        "refused "
            + identity.map(WorkloadIdentity::shortName).orElse("-")
            + " "
            + reason
            + ": "
            + message);
  }

  @Override
  public void issuerUpdated(String message) {
    lines.add("updated");
  }

  @Override
  public void issuerSkipped(String reason, String message) {
    lines.add("skipped " + reason);
  }
}
