// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.WorkloadIdentity;
import java.security.cert.X509Certificate;
import java.time.Instant;

/** What a peer's certificate chain proves. */
public sealed interface PeerVerdict {
  /**
   * The chain is good now.
   *
   * @param identity who the peer is. Whether that is who it should be is the caller's question
   * @param notAfter end of the leaf
   * @param anchor the anchor the chain leads to
   */
  record Verified(WorkloadIdentity identity, Instant notAfter, X509Certificate anchor)
      implements PeerVerdict {
    public Verified {
      requireNonNull(identity, "identity");
      requireNonNull(notAfter, "notAfter");
      requireNonNull(anchor, "anchor");
    }
  }

  /**
   * The chain proves nothing.
   *
   * @param reason stable CamelCase word
   * @param message for a person
   */
  record Refused(String reason, String message) implements PeerVerdict {
    public Refused {
      requireNonNull(reason, "reason");
      requireNonNull(message, "message");
    }
  }
}
