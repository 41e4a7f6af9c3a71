// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;
import java.util.Optional;

/** Is told what identity did, for Events and logs. Called on any thread; must not block. */
public interface IdentityEvents {
  /**
   * A leaf was issued.
   *
   * @param pod as the token says, else as the request says
   * @param sha256 of the leaf, hex
   */
  void issued(WorkloadIdentity identity, PodRef pod, Instant notAfter, String sha256);

  /**
   * A request was refused.
   *
   * @param identity as the token says; empty where no good token said anything
   * @param pod as for {@link #issued}; {@link PodRef#NONE} where nothing is known
   * @param reason stable CamelCase word
   * @param message for a person, without secrets
   */
  void refused(Optional<WorkloadIdentity> identity, PodRef pod, String reason, String message);

  /** The issuer or the anchors changed. */
  void issuerUpdated(String message);

  /** A new issuer or new anchors are not used; the old ones stay. */
  void issuerSkipped(String reason, String message);

  /** Tells nobody. */
  IdentityEvents NONE =
      new IdentityEvents() {
        @Override
        public void issued(
            WorkloadIdentity identity, PodRef pod, Instant notAfter, String sha256) {}

        @Override
        public void refused(
            Optional<WorkloadIdentity> identity, PodRef pod, String reason, String message) {}

        @Override
        public void issuerUpdated(String message) {}

        @Override
        public void issuerSkipped(String reason, String message) {}
      };
}
