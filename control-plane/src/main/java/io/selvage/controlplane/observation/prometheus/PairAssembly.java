// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import io.selvage.controlplane.link.IpLiteral;
import io.selvage.controlplane.observation.store.Counts;
import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.Party;
import io.selvage.controlplane.observation.workload.PodInfo;
import io.selvage.controlplane.observation.workload.PodKey;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Puts the samples of several queries together into pairs. Used once. */
final class PairAssembly {
  private static final Map<String, Security> REASONS = reasons();
  private static final Map<String, Integer> BOUNDS = bounds();

  private final WorkloadDirectory directory;
  private final Function<PodRef, ProxyKind> kinds;
  private final String trustDomain;
  private final long now;
  private final Map<Key, Pair> pairs = new LinkedHashMap<>();
  private int nameless;

  private record Key(
      PodRef pod,
      Direction direction,
      String address,
      String identity,
      String service,
      String route,
      Security security,
      boolean denied) {}

  private static final class Pair {
    final double[] counts = new double[Counts.SIZE];
    final double[] cumulative = new double[Counts.LATENCY_BUCKETS];
    double open;

    boolean isIdle() {
      double sum = open;
      for (double count : counts) {
        sum += count;
      }
      return sum == 0;
    }
  }

  /**
   * @param kinds what a proxy is, as far as it is connected
   */
  PairAssembly(
      WorkloadDirectory directory,
      Function<PodRef, ProxyKind> kinds,
      String trustDomain,
      long now) {
    this.directory = directory;
    this.kinds = kinds;
    this.trustDomain = trustDomain;
    this.now = now;
  }

  void responses(List<Sample> samples) {
    for (Sample sample : samples) {
      boolean success = sample.label("classification").equals("success");
      // Prometheus extrapolates to the ends of the window: a count is a whole number again.
      add(sample, success ? Counts.SUCCESSES : Counts.FAILURES, Math.rint(sample.value()));
    }
  }

  void opened(List<Sample> samples) {
    samples.forEach(sample -> add(sample, Counts.OPENED, sample.value()));
  }

  void read(List<Sample> samples) {
    samples.forEach(s -> add(s, isInbound(s) ? Counts.TO_SERVER : Counts.TO_CLIENT, s.value()));
  }

  void written(List<Sample> samples) {
    samples.forEach(s -> add(s, isInbound(s) ? Counts.TO_CLIENT : Counts.TO_SERVER, s.value()));
  }

  void open(List<Sample> samples) {
    samples.forEach(sample -> pair(sample).ifPresent(pair -> pair.open += sample.value()));
  }

  void latencies(List<Sample> samples) {
    for (Sample sample : samples) {
      Integer bucket = BOUNDS.get(sample.label("le"));
      if (bucket != null) {
        pair(sample).ifPresent(pair -> pair.cumulative[bucket] += sample.value());
      }
    }
  }

  private void add(Sample sample, int index, double value) {
    pair(sample).ifPresent(pair -> pair.counts[index] += value);
  }

  private Optional<Pair> pair(Sample sample) {
    var pod = new PodRef(sample.label("namespace"), sample.label("pod"));
    if (pod.namespace().isEmpty() || pod.name().isEmpty()) {
      nameless++;
      return Optional.empty();
    }
    boolean inbound = isInbound(sample);
    String service = sample.label("dst_service");
    var key =
        new Key(
            pod,
            inbound ? Direction.INBOUND : Direction.OUTBOUND,
            sample.label(inbound ? "client_ip" : "target_ip"),
            sample.label(inbound ? "client_id" : "server_id"),
            service.isEmpty()
                ? ""
                : sample.label("dst_namespace") + "/" + service + ":" + sample.label("dst_port"),
            sample.label("route"),
            REASONS.getOrDefault(sample.label("no_tls_reason"), Security.OUTSIDE),
            sample.label("denied").equals("true"));
    return Optional.of(pairs.computeIfAbsent(key, _ -> new Pair()));
  }

  private static boolean isInbound(Sample sample) {
    return sample.label("direction").equals("inbound");
  }

  /** Samples that could not be told whose they are: the scrape job attaches no pod. */
  int nameless() {
    return nameless;
  }

  /** Every pair that is not idle. */
  List<PairTotals> pairs(double seconds) {
    var totals = new ArrayList<PairTotals>();
    pairs.forEach((key, pair) -> {
      double below = 0;
      for (int i = 0; i < pair.cumulative.length; i++) {
        pair.counts[Counts.LATENCY + i] = Math.max(0, pair.cumulative[i] - below);
        below = Math.max(below, pair.cumulative[i]);
      }
      if (!pair.isIdle()) {
        totals.add(
            new PairTotals(
                key.direction,
                proxy(key.pod),
                directory.peer(
                    IpLiteral.canonical(key.address).orElse("0.0.0.0"),
                    now,
                    WorkloadIdentity.parse(key.identity)),
                key.service,
                key.route,
                key.security,
                key.denied,
                pair.counts,
                pair.open,
                seconds));
      }
    });
    return totals;
  }

  private Party proxy(PodRef name) {
    Optional<PodInfo> known = directory.pod(name);
    if (known.isPresent()) {
      var identity =
          new WorkloadIdentity(trustDomain, name.namespace(), known.get().serviceAccount());
      return directory.proxy(name, identity, kinds.apply(name), Optional.of(known.get().key()));
    }
    // Gone for longer than the directory remembers: its name is all that is left.
    var bare =
        new PodInfo(
            new PodKey(name.namespace(), name.name(), ""),
            "",
            Map.of(),
            "",
            true,
            true,
            List.of(),
            Map.of());
    boolean gateway = kinds.apply(name) == ProxyKind.GATEWAY;
    return new Party(Optional.of(bare), Optional.empty(), "", gateway, name.name());
  }

  private static Map<String, Security> reasons() {
    var reasons = new HashMap<String, Security>();
    for (Security security : Security.values()) {
      reasons.put(security.name().toLowerCase(Locale.ROOT), security);
    }
    reasons.put("", Security.SECURED);
    reasons.put("not_provided_by_service_discovery", Security.NOT_MESHED);
    return Map.copyOf(reasons);
  }

  /** Prometheus may have read a bound as a float, and writes it as it likes. */
  private static Map<String, Integer> bounds() {
    var bounds = new HashMap<String, Integer>();
    List<Integer> known = MeshProtocol.LATENCY_BUCKETS_MILLIS;
    for (int i = 0; i < known.size(); i++) {
      bounds.put(known.get(i).toString(), i);
      bounds.put(known.get(i) + ".0", i);
    }
    bounds.put("+Inf", known.size());
    return Map.copyOf(bounds);
  }
}
