// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import io.selvage.identity.workload.WorkloadCertificate;
import io.selvage.mesh.identity.IdentityKeeper;
import io.selvage.mesh.link.ControlStream;
import io.selvage.mesh.traffic.MetricsText;

/** Metrics of a member itself: its certificate and its stream. */
final class MemberMetrics {
  private MemberMetrics() {}

  static void write(
      MetricsText text,
      IdentityKeeper identity,
      ControlStream stream,
      StateAge age,
      long dropped,
      int known) {
    WorkloadCertificate certificate = identity.certificate();
    text.family(
        "selvage_identity_cert_expiration_timestamp_seconds",
        "gauge",
        "End of the certificate in use, in seconds since 1970; 0 without one.");
    text.sample("", certificate == null ? 0L : certificate.notAfter().getEpochSecond());
    text.family(
        "selvage_identity_cert_refreshes_total", "counter", "Certificates received so far.");
    text.sample("", identity.refreshes());
    text.family(
        "selvage_identity_cert_refresh_failures_total",
        "counter",
        "Requests for a certificate that failed.");
    text.sample("", identity.failures());
    text.family(
        "selvage_control_connected",
        "gauge",
        "1 while the stream to the control plane is open, otherwise 0.");
    text.sample("", stream.isConnected() ? 1L : 0L);
    text.family(
        "selvage_control_state_age_seconds",
        "gauge",
        "Seconds since what is known was up to date: since the control plane was last there, or the"
            + " API server for it; 0 while both are.");
    text.sample("", age.millis() / 1_000.0);
    text.family(
        "selvage_control_connects_total", "counter", "Streams to the control plane opened so far.");
    text.sample("", stream.connects());
    text.family(
        "selvage_control_reports_dropped_total",
        "counter",
        "Traffic reports given up because the control plane did not take them in time.");
    text.sample("", dropped);
    text.family("selvage_control_destinations", "gauge", "Destinations known, and asked for.");
    text.sample("", (long) known);
  }
}
