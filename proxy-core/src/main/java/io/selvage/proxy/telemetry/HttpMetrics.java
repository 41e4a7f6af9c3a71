// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Counts exchanges by the stats prefixes of listener and cluster, both from configuration: nothing
 * a client sends can become a label. Meters are looked up once per pair and kept, so recording
 * costs two map reads and a few adders.
 *
 * <ul>
 *   <li>{@code selvage_http_requests_total{listener,cluster,status,outcome}}; status is a class
 *       such as {@code 2xx}, or {@code none} when nothing was answered
 *   <li>{@code selvage_http_request_duration_seconds{listener,cluster}}, histogram, from the
 *       complete head to the end of the response
 *   <li>{@code selvage_http_upstream_duration_seconds{cluster}}, histogram, from the last attempt's
 *       start to its response head
 *   <li>{@code selvage_http_request_bytes_total}, {@code selvage_http_response_bytes_total}{@code
 *       {listener,cluster}}, bodies only
 *   <li>{@code selvage_http_retries_total{cluster}}
 *   <li>{@code selvage_http_rejections_total{listener,reason}}; reasons are words of this program
 * </ul>
 */
public final class HttpMetrics implements ExchangeObserver {
  /** Label value where no cluster was chosen. */
  static final String NO_CLUSTER = "none";

  private static final String[] STATUS_CLASSES = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  private static final Outcome[] OUTCOMES = Outcome.values();

  /** Bucket bounds: 1 ms to 10 s, close where services usually are. */
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(1),
    Duration.ofMillis(2),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10)
  };

  private final MeterRegistry registry;
  private final Map<String, Map<String, PairMeters>> byListener = new ConcurrentHashMap<>();

  public HttpMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void onEnd(ExchangeReport report) {
    String listener = report.connection == null ? NO_CLUSTER : report.connection.statsPrefix();
    String cluster = report.clusterStatsName == null ? NO_CLUSTER : report.clusterStatsName;
    PairMeters meters = meters(listener, cluster);
    meters.requests(report.status, report.outcome).increment();
    if (report.rejection != null) {
      // Rejections are rare enough for a registry lookup, and their reasons are a closed set.
      registry
          .counter(
              "selvage.http.rejections", "listener", listener, "reason", report.rejection.reason())
          .increment();
    }
    if (report.startNanos != 0 && report.endNanos != 0) {
      meters.duration.record(report.endNanos - report.startNanos, TimeUnit.NANOSECONDS);
    }
    if (report.upstreamHeadNanos != 0 && report.upstreamStartNanos != 0) {
      meters.upstream.record(
          report.upstreamHeadNanos - report.upstreamStartNanos, TimeUnit.NANOSECONDS);
    }
    if (report.requestBytes > 0) {
      meters.requestBytes.increment((double) report.requestBytes);
    }
    if (report.responseBytes > 0) {
      meters.responseBytes.increment((double) report.responseBytes);
    }
    if (report.attempts > 1) {
      meters.retries.increment(report.attempts - 1.0);
    }
  }

  /**
   * Forgets the meters of listeners and clusters that are gone, so that a gateway whose
   * configuration churns does not grow. Called after a snapshot has been published.
   *
   * @param listeners statsPrefixes still configured
   * @param clusters statsNames still configured
   */
  public void retain(Set<String> listeners, Set<String> clusters) {
    byListener
        .entrySet()
        .removeIf(entry -> {
          boolean gone = !listeners.contains(entry.getKey()) && !NO_CLUSTER.equals(entry.getKey());
          entry
              .getValue()
              .entrySet()
              .removeIf(pair -> {
                boolean remove =
                    gone
                        || (!clusters.contains(pair.getKey()) && !NO_CLUSTER.equals(pair.getKey()));
                if (remove) {
                  pair.getValue().unregister(registry);
                }
                return remove;
              });
          return gone;
        });
  }

  private PairMeters meters(String listener, String cluster) {
    Map<String, PairMeters> byCluster = byListener.get(listener);
    if (byCluster == null) {
      byCluster = byListener.computeIfAbsent(listener, l -> new ConcurrentHashMap<>());
    }
    PairMeters meters = byCluster.get(cluster);
    return meters != null
        ? meters
        : byCluster.computeIfAbsent(cluster, c -> new PairMeters(registry, listener, c));
  }

  static int statusClass(int status) {
    return status >= 100 && status <= 599 ? status / 100 : 0;
  }

  /** Meters of one listener and cluster; the request counters appear as they are first needed. */
  private static final class PairMeters {
    private final MeterRegistry registry;
    private final String listener;
    private final String cluster;
    // Racy on purpose: the registry hands out the same counter to whoever comes second.
    private final Counter[] requests = new Counter[STATUS_CLASSES.length * OUTCOMES.length];
    private final Timer duration;
    private final Timer upstream;
    private final Counter requestBytes;
    private final Counter responseBytes;
    private final Counter retries;

    PairMeters(MeterRegistry registry, String listener, String cluster) {
      this.registry = registry;
      this.listener = listener;
      this.cluster = cluster;
      duration =
          Timer.builder("selvage.http.request.duration")
              .tags("listener", listener, "cluster", cluster)
              .serviceLevelObjectives(BUCKETS)
              .register(registry);
      upstream =
          Timer.builder("selvage.http.upstream.duration")
              .tags("cluster", cluster)
              .serviceLevelObjectives(BUCKETS)
              .register(registry);
      requestBytes =
          registry.counter("selvage.http.request.bytes", "listener", listener, "cluster", cluster);
      responseBytes =
          registry.counter("selvage.http.response.bytes", "listener", listener, "cluster", cluster);
      retries = registry.counter("selvage.http.retries", "cluster", cluster);
    }

    Counter requests(int status, Outcome outcome) {
      int at = statusClass(status) * OUTCOMES.length + outcome.ordinal();
      Counter counter = requests[at];
      if (counter == null) {
        counter =
            registry.counter(
                "selvage.http.requests",
                "listener",
                listener,
                "cluster",
                cluster,
                "status",
                STATUS_CLASSES[statusClass(status)],
                "outcome",
                outcome.label());
        requests[at] = counter;
      }
      return counter;
    }

    void unregister(MeterRegistry from) {
      for (Counter counter : requests) {
        if (counter != null) {
          from.remove(counter);
        }
      }
      from.remove(duration);
      from.remove(upstream);
      from.remove(requestBytes);
      from.remove(responseBytes);
      from.remove(retries);
    }
  }
}
