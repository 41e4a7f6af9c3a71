// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.kube.EventSink;
import io.selvage.kube.EventSink.Event;
import io.selvage.kube.EventSink.Subject;
import io.selvage.kube.EventSink.Type;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;
import java.util.Optional;

/**
 * What identity did, as Events on ServiceAccounts. What concerns the issuer, and refusals of
 * senders nobody knows, are told on the control plane's own: strangers cannot write into other
 * namespaces.
 */
public final class ServiceAccountEvents implements IdentityEvents {
  private final EventSink sink;
  private final WorkloadIdentity self;

  /**
   * @param self the control plane's identity
   */
  public ServiceAccountEvents(EventSink sink, WorkloadIdentity self) {
    this.sink = requireNonNull(sink, "sink");
    this.self = requireNonNull(self, "self");
  }

  @Override
  public void issued(WorkloadIdentity identity, PodRef pod, Instant notAfter, String sha256) {
    sink.record(
        new Event(
            account(identity),
            Type.NORMAL,
            "IssuedLeafCertificate",
            "issued a certificate"
                + of(pod)
                + " for "
                + identity
                + " until "
                + notAfter
                + ", SHA-256 "
                + sha256));
  }

  @Override
  public void refused(
      Optional<WorkloadIdentity> identity, PodRef pod, String reason, String message) {
    // A message about nobody holds nothing of the sender's, so that such Events are one Event.
    sink.record(
        new Event(
            account(identity.orElse(self)),
            Type.WARNING,
            "CertificateRefused",
            identity.isPresent()
                ? message + of(pod) + " (" + reason + ")"
                : "a request of somebody unknown is refused (" + reason + ")"));
  }

  @Override
  public void issuerUpdated(String message) {
    sink.record(new Event(account(self), Type.NORMAL, "IssuerUpdated", message));
  }

  @Override
  public void issuerSkipped(String reason, String message) {
    sink.record(
        new Event(
            account(self), Type.WARNING, "IssuerUpdateSkipped", message + " (" + reason + ")"));
  }

  private static String of(PodRef pod) {
    return pod.name().isEmpty() ? "" : " of pod " + pod.name();
  }

  private static Subject account(WorkloadIdentity identity) {
    return new Subject("v1", "ServiceAccount", identity.namespace(), identity.serviceAccount(), "");
  }
}
