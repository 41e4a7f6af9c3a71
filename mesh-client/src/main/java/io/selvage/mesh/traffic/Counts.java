// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import io.selvage.model.mesh.MeshProtocol;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sums of one edge. Not thread-safe. */
final class Counts {
  /** Upper bounds of the latency buckets, in nanoseconds. */
  private static final long[] BOUNDS =
      MeshProtocol.LATENCY_BUCKETS_MILLIS.stream().mapToLong(m -> m * 1_000_000L).toArray();

  static final int BUCKETS = BOUNDS.length + 1;

  /** Different pairs of HTTP and gRPC status of one edge; further ones are counted as the last. */
  private static final int MAX_STATUSES = 24;

  long requests;
  long successes;
  long latencyCount;

  /** Microseconds. */
  long latencySum;

  long @Nullable [] latency;
  long opened;
  long closed;
  long received;
  long sent;

  /** See {@link #statusKey}; parallel to the counts. */
  int[] statuses = {};

  long[] statusCounts = {};
  int statusCount;

  void request(int status, int grpcStatus, boolean success, long latencyNanos) {
    requests++;
    if (success) {
      successes++;
    }
    status(statusKey(status, grpcStatus, success), 1);
    if (latencyNanos >= 0) {
      long[] buckets = latency;
      if (buckets == null) {
        buckets = new long[BUCKETS];
        latency = buckets;
      }
      buckets[bucket(latencyNanos)]++;
      latencyCount++;
      latencySum += latencyNanos / 1_000;
    }
  }

  /** A bucket holds what is at most its bound, as Prometheus wants it. */
  static int bucket(long nanos) {
    int at = Arrays.binarySearch(BOUNDS, nanos);
    return at >= 0 ? at : -at - 1;
  }

  /** HTTP status, gRPC status and verdict in one number. */
  static int statusKey(int status, int grpcStatus, boolean success) {
    return (status & 0xffff) << 9 | (grpcStatus + 2 & 0xff) << 1 | (success ? 1 : 0);
  }

  static int httpStatus(int key) {
    return key >>> 9;
  }

  static int grpcStatus(int key) {
    return (key >>> 1 & 0xff) - 2;
  }

  static boolean isSuccess(int key) {
    return (key & 1) != 0;
  }

  private void status(int key, long count) {
    for (int i = 0; i < statusCount; i++) {
      if (statuses[i] == key) {
        statusCounts[i] += count;
        return;
      }
    }
    if (statusCount == MAX_STATUSES) {
      // An HTTP status of 0 says that there are too many.
      statuses[MAX_STATUSES - 1] = statusKey(0, Classification.NOT_GRPC, isSuccess(key));
      statusCounts[MAX_STATUSES - 1] += count;
      return;
    }
    if (statusCount == statuses.length) {
      int grown = Math.max(2, 2 * statusCount);
      statuses = Arrays.copyOf(statuses, grown);
      statusCounts = Arrays.copyOf(statusCounts, grown);
    }
    statuses[statusCount] = key;
    statusCounts[statusCount++] = count;
  }

  void add(Counts more) {
    requests += more.requests;
    successes += more.successes;
    latencyCount += more.latencyCount;
    latencySum += more.latencySum;
    opened += more.opened;
    closed += more.closed;
    received += more.received;
    sent += more.sent;
    long[] others = more.latency;
    if (others != null) {
      long[] own = latency;
      if (own == null) {
        latency = others.clone();
      } else {
        for (int i = 0; i < BUCKETS; i++) {
          own[i] += others[i];
        }
      }
    }
    for (int i = 0; i < more.statusCount; i++) {
      status(more.statuses[i], more.statusCounts[i]);
    }
  }

  Counts copy() {
    var copy = new Counts();
    copy.add(this);
    return copy;
  }

  List<Long> latencyList() {
    long[] own = latency;
    return own == null ? List.of() : Arrays.stream(own).boxed().toList();
  }

  boolean isEmpty() {
    return requests == 0 && opened == 0 && closed == 0 && received == 0 && sent == 0;
  }
}
