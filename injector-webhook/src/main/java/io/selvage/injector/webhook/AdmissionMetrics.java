// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.webhook;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts of reviews and their answers. A label's value comes from a stranger's request, so each has
 * a bounded set: known kinds, and the first namespaces that are seen.
 */
public final class AdmissionMetrics {
  /** Namespaces that are counted by name; further ones count together as {@code other}. */
  public static final int MAX_NAMESPACES = 1_000;

  private static final Set<String> KINDS =
      Set.of(
          "Pod",
          "Deployment",
          "ReplicaSet",
          "ReplicationController",
          "StatefulSet",
          "DaemonSet",
          "Job",
          "CronJob");

  private final MeterRegistry registry;
  private final Set<String> namespaces = ConcurrentHashMap.newKeySet();

  public AdmissionMetrics(MeterRegistry registry) {
    this.registry = requireNonNull(registry, "registry");
  }

  void injected(String ownerKind, String namespace, String annotationAt) {
    count(ownerKind, namespace, annotationAt, "false", "", "injected");
  }

  void skipped(String ownerKind, String namespace, String annotationAt, String reason) {
    count(ownerKind, namespace, annotationAt, "true", reason, "skipped");
  }

  void denied(String ownerKind, String namespace, String reason) {
    count(ownerKind, namespace, "", "true", reason, "denied");
  }

  /** A request that never became a review. */
  void refused(int status) {
    registry
        .counter("selvage_inject_refused_requests", "status", Integer.toString(status))
        .increment();
  }

  private void count(
      String ownerKind,
      String namespace,
      String annotationAt,
      String skip,
      String reason,
      String outcome) {
    String kind = KINDS.contains(ownerKind) ? ownerKind.toLowerCase(Locale.ROOT) : "other";
    String of = bounded(namespace);
    registry
        .counter(
            "selvage_inject_admission_requests",
            "owner_kind",
            kind,
            "namespace",
            of,
            "annotation_at",
            annotationAt)
        .increment();
    registry
        .counter(
            "selvage_inject_admission_responses",
            "owner_kind",
            kind,
            "namespace",
            of,
            "annotation_at",
            annotationAt,
            "outcome",
            outcome,
            "skip",
            skip,
            "skip_reason",
            reason)
        .increment();
  }

  private String bounded(String namespace) {
    if (namespaces.contains(namespace)) {
      return namespace;
    }
    // Two threads may pass the bound together: a handful more than it is no harm.
    if (namespaces.size() >= MAX_NAMESPACES || namespace.length() > 63) {
      return "other";
    }
    namespaces.add(namespace);
    return namespace;
  }
}
