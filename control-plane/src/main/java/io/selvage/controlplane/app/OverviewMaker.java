// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.selvage.controlplane.api.Overview;
import io.selvage.controlplane.api.Overview.Finding;
import io.selvage.controlplane.api.Overview.Proxy;
import io.selvage.controlplane.link.BundleSource;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.RpcException;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.SourceHealth;
import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.mesh.PodRef;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** Puts together what there is to say of the control plane and its proxies. Thread-safe. */
final class OverviewMaker {
  /** A proxy renews at half-life and has tried many times by the time this much is left. */
  private static final int OVERDUE_PART = 4;

  /** Names within one finding; the list of proxies has more. */
  private static final int MAX_NAMES = 5;

  private final Parts parts;

  /**
   * What it looks at.
   *
   * @param missing what is missing until proxies are served
   * @param fleet the proxies of all replicas
   * @param silent replicas that do not tell of theirs
   * @param links other pages served beside the API
   */
  record Parts(
      String instance,
      String trustDomain,
      Duration leafLifetime,
      ClusterStateSource source,
      Supplier<ClusterState> cluster,
      Supplier<List<Problem>> problems,
      Supplier<List<String>> missing,
      BundleSource bundle,
      ProxyFleet fleet,
      Supplier<List<String>> silent,
      List<Overview.Link> links,
      InstantSource clock) {}

  OverviewMaker(Parts parts) {
    this.parts = parts;
  }

  Overview make() {
    Instant now = parts.clock.instant();
    SourceHealth health = parts.source.health();
    String bundle = currentBundle();
    List<Proxy> proxies =
        parts.fleet.proxies().stream()
            .map(proxy -> proxy(proxy, bundle, now))
            .sorted(Comparator.comparing(proxy -> proxy.trouble().isEmpty()))
            .toList();
    List<Finding> findings = findings(health, proxies);
    return new Overview(
        parts.instance,
        parts.trustDomain,
        now.toString(),
        new Overview.Source(health.connected(), health.detail(), health.since().toString()),
        findings.stream().limit(Overview.MAX_PROBLEMS).toList(),
        findings.size(),
        proxies.stream().limit(Overview.MAX_PROXIES).toList(),
        proxies.size(),
        parts.links);
  }

  /** Empty before there is an issuer. */
  private String currentBundle() {
    try {
      return parts.bundle.current().fingerprint();
    } catch (RpcException _) {
      return "";
    }
  }

  private Proxy proxy(ConnectedProxy proxy, String bundle, Instant now) {
    // A proxy has not said yet what it believes in the moment after it came.
    boolean current = proxy.bundle().isEmpty() || proxy.bundle().equals(bundle);
    long end = proxy.certificateNotAfterMillis();
    return new Proxy(
        proxy.pod().namespace().isEmpty() ? proxy.identity().namespace() : proxy.pod().namespace(),
        proxy.pod().equals(PodRef.NONE) ? "" : proxy.pod().name(),
        proxy.kind().name().toLowerCase(Locale.ROOT),
        proxy.identity().uri(),
        proxy.software(),
        proxy.since().toString(),
        end == 0 ? "" : Instant.ofEpochMilli(end).toString(),
        current,
        trouble(current, end, now));
  }

  private String trouble(boolean current, long end, Instant now) {
    if (end != 0) {
      Duration left = Duration.between(now, Instant.ofEpochMilli(end));
      if (left.isNegative()) {
        return "its certificate has ended";
      }
      if (left.compareTo(parts.leafLifetime.dividedBy(OVERDUE_PART)) < 0) {
        return "its certificate was not renewed in time";
      }
    }
    return current ? "" : "it believes another trust bundle than the current one";
  }

  private List<Finding> findings(SourceHealth health, List<Proxy> proxies) {
    var all = new ArrayList<Finding>();
    if (!health.connected()) {
      String served = health.synced() ? "; the last state is served meanwhile" : "";
      all.add(
          new Finding(
              Finding.ERROR,
              "objects",
              "",
              "SourceAway",
              "the objects cannot be read since "
                  + health.since()
                  + ": "
                  + health.detail()
                  + served));
    }
    for (String missing : parts.missing.get()) {
      all.add(new Finding(Finding.ERROR, "control plane", "", "NotReady", missing));
    }
    for (String replica : parts.silent.get()) {
      all.add(
          new Finding(
              Finding.WARNING,
              "control plane",
              "",
              "ReplicaSilent",
              "the replica "
                  + replica
                  + " is not heard: its proxies, and what they report, are missing here"));
    }
    proxies.stream()
        .map(Proxy::trouble)
        .filter(trouble -> !trouble.isEmpty())
        .distinct()
        .forEach(trouble -> all.add(troubled(trouble, proxies)));
    ClusterState state = parts.cluster.get();
    parts.problems.get().stream()
        .map(problem -> finding(problem, state))
        .sorted(Comparator.comparing(finding -> finding.severity().equals(Finding.WARNING)))
        .forEach(all::add);
    return all;
  }

  private static Finding troubled(String trouble, List<Proxy> proxies) {
    List<String> names =
        proxies.stream()
            .filter(proxy -> proxy.trouble().equals(trouble))
            .map(proxy ->
                proxy.pod().isEmpty() ? proxy.identity() : proxy.namespace() + "/" + proxy.pod())
            .toList();
    int more = names.size() - MAX_NAMES;
    return new Finding(
        Finding.WARNING,
        names.size() == 1 ? "proxy" : names.size() + " proxies",
        "",
        "Proxy",
        trouble
            + ": "
            + String.join(", ", names.subList(0, Math.min(names.size(), MAX_NAMES)))
            + (more > 0 ? " and " + more + " more" : ""));
  }

  private static Finding finding(Problem problem, ClusterState state) {
    return new Finding(
        problem.severity() == Problem.Severity.ERROR ? Finding.ERROR : Finding.WARNING,
        problem.object().map(ObjectRef::toString).orElse("objects"),
        problem
            .location()
            .or(() -> problem.object().flatMap(state::location))
            .map(SourceLocation::toString)
            .orElse(""),
        problem.reason(),
        problem.message());
  }
}
