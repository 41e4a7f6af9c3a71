// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.model.Problem;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@code GET /api/v1/identity} answers; times are ISO 8601.
 *
 * @param trustDomain of all identities
 * @param leafLifetimeSeconds of new leaves
 * @param issuer null before there is one
 * @param fingerprint of the bundle; empty before there is one
 * @param anchors whom the mesh believes
 * @param problems what is wrong with issuer or anchors
 * @param proxies those connected, by the bundle they believe
 * @param rotation the running or the last one
 */
record IdentityView(
    String trustDomain,
    long leafLifetimeSeconds,
    @Nullable Authority issuer,
    String fingerprint,
    List<Authority> anchors,
    List<String> problems,
    List<Believers> proxies,
    RotationView rotation) {
  /** Names that are listed; there may be thousands. */
  private static final int MAX_NAMES = 200;

  /** A certificate of an authority's. */
  record Authority(String subject, String sha256, String notBefore, String notAfter) {
    static Authority of(X509Certificate certificate) {
      return new Authority(
          certificate.getSubjectX500Principal().getName(),
          TrustBundle.of(List.of(certificate)).fingerprint(),
          certificate.getNotBefore().toInstant().toString(),
          certificate.getNotAfter().toInstant().toString());
    }
  }

  /**
   * Proxies that believe the same bundle.
   *
   * @param current whether it is the one in use
   * @param names at most {@value #MAX_NAMES}
   */
  record Believers(String fingerprint, boolean current, int count, List<String> names) {}

  /**
   * @param phase of {@link RotationState.Phase}
   * @param startedAt empty if there never was a rotation
   * @param oldLeavesEnd empty before the issuer was switched
   * @param waiting how many proxies it waits for, at all replicas
   * @param waitingFor their names, at most {@value #MAX_NAMES}
   * @param silentReplicas replicas it waits for, because they have not said how far they are
   * @param held whether it waits for longer than it was to
   * @param trouble why it does not go on; empty if it does
   */
  record RotationView(
      String phase,
      boolean active,
      String startedAt,
      String phaseSince,
      String oldLeavesEnd,
      String prune,
      int waiting,
      List<String> waitingFor,
      List<String> silentReplicas,
      boolean held,
      String trouble) {
    static RotationView of(Rotation.Report report) {
      RotationState state = report.state();
      return new RotationView(
          state.phase().label(),
          state.phase().isActive(),
          text(state.startedAt()),
          text(state.phaseSince()),
          text(state.oldLeavesEnd()),
          state.prune().label(),
          report.waitingFor().size() + report.others().count(),
          Stream.concat(names(report.waitingFor()).stream(), report.others().waitingFor().stream())
              .limit(MAX_NAMES)
              .toList(),
          report.others().silent(),
          report.held(),
          report.trouble());
    }

    private static String text(Instant instant) {
      return instant.equals(Instant.EPOCH) ? "" : instant.toString();
    }
  }

  static IdentityView of(IdentityService identity) {
    Trust trust = identity.store().trust();
    String fingerprint = trust == null ? "" : trust.bundle().fingerprint();
    var byBundle = new TreeMap<String, List<ConnectedProxy>>();
    for (ConnectedProxy proxy : identity.proxies()) {
      byBundle.computeIfAbsent(proxy.bundle(), _ -> new ArrayList<>()).add(proxy);
    }
    return new IdentityView(
        identity.options().trustDomain(),
        identity.options().leafLifetime().toSeconds(),
        trust == null ? null : Authority.of(trust.issuer().certificate()),
        fingerprint,
        trust == null ? List.of() : trust.bundle().anchors().stream().map(Authority::of).toList(),
        identity.problems().stream().map(Problem::message).toList(),
        byBundle.entrySet().stream()
            .map(e ->
                new Believers(
                    e.getKey(),
                    e.getKey().equals(fingerprint),
                    e.getValue().size(),
                    names(e.getValue())))
            .toList(),
        RotationView.of(identity.rotation().report()));
  }

  private static List<String> names(List<ConnectedProxy> proxies) {
    return proxies.stream().map(Rotation::label).sorted().limit(MAX_NAMES).toList();
  }
}
