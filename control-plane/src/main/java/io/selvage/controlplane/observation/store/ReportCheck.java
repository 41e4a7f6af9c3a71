// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Call;
import io.selvage.model.mesh.TrafficReport.Edge;

/**
 * What a report may say. A proxy is believed about its own traffic, but numbers nothing can have
 * counted are a fault of its own, and must not become the sum of everybody's.
 */
final class ReportCheck {
  /** An interval longer than this is none: proxies report every few seconds. */
  static final long MAX_MILLIS = 3_600_000;

  /** Requests, connections, and microseconds; a report holds seconds. */
  static final long MAX_COUNT = 1L << 40;

  static final long MAX_BYTES = 1L << 50;

  /** Of identities, names of Services and routes, methods and paths. */
  static final int MAX_TEXT = 2_048;

  private ReportCheck() {}

  static boolean isSane(TrafficReport report) {
    return report.sequence() >= 1 && report.millis() >= 0 && report.millis() <= MAX_MILLIS;
  }

  static boolean isSane(Edge edge) {
    if (!count(edge.requests())
        || !count(edge.successes())
        || edge.successes() > edge.requests()
        || !count(edge.opened())
        || !count(edge.open())
        || !bytes(edge.received())
        || !bytes(edge.sent())
        || !text(edge.peerIdentity())
        || !text(edge.service())
        || !text(edge.route())) {
      return false;
    }
    int buckets = edge.latency().size();
    return (buckets == 0 || buckets == Counts.LATENCY_BUCKETS)
        && edge.latency().stream().allMatch(ReportCheck::count);
  }

  static boolean isSane(Call call) {
    return count(call.count())
        && count(call.successes())
        && call.successes() <= call.count()
        && count(call.best())
        && count(call.worst())
        && count(call.last())
        && call.best() <= call.worst()
        && text(call.service())
        && text(call.method())
        && text(call.path());
  }

  private static boolean count(long value) {
    return value >= 0 && value <= MAX_COUNT;
  }

  private static boolean bytes(long value) {
    return value >= 0 && value <= MAX_BYTES;
  }

  private static boolean text(String text) {
    return text.length() <= MAX_TEXT;
  }
}
