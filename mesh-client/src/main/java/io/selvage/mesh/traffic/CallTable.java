// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import io.selvage.model.mesh.TrafficReport.Call;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Requests by method and path, bounded: beyond {@link #EXACT} entries only the first segment of a
 * path is kept, beyond {@link #MAX} new ones are not counted. Not thread-safe.
 */
final class CallTable {
  static final int EXACT = 256;
  static final int MAX = 512;
  static final int PATH_CHARS = 128;
  static final int METHOD_CHARS = 32;

  private record Key(EdgeKey edge, String method, String path) {}

  private static final class Sums {
    long count;
    long successes;
    long best = Long.MAX_VALUE;
    long worst;
    long last;
  }

  private final Map<Key, Sums> calls = new HashMap<>();

  void request(EdgeKey edge, String method, String path, boolean success, long micros) {
    String known = method.length() > METHOD_CHARS ? "OTHER" : method;
    Sums sums = sums(new Key(edge, known, shortened(path)));
    if (sums != null) {
      sums.count++;
      sums.successes += success ? 1 : 0;
      sums.best = Math.min(sums.best, micros);
      sums.worst = Math.max(sums.worst, micros);
      sums.last = micros;
    }
  }

  private @Nullable Sums sums(Key key) {
    Sums known = calls.get(key);
    if (known != null) {
      return known;
    }
    Key kept = key;
    if (calls.size() >= EXACT) {
      kept = new Key(key.edge, key.method, firstSegment(key.path));
      known = calls.get(kept);
      if (known != null || calls.size() >= MAX) {
        return known;
      }
    }
    var added = new Sums();
    calls.put(kept, added);
    return added;
  }

  private static String shortened(String path) {
    return path.length() > PATH_CHARS ? path.substring(0, PATH_CHARS - 1) + "…" : path;
  }

  private static String firstSegment(String path) {
    int slash = path.indexOf('/', 1);
    return slash < 0 ? "/*" : path.substring(0, slash) + "/*";
  }

  void add(CallTable more) {
    more.calls.forEach((key, sums) -> {
      Sums own = sums(key);
      if (own != null) {
        own.count += sums.count;
        own.successes += sums.successes;
        own.best = Math.min(own.best, sums.best);
        own.worst = Math.max(own.worst, sums.worst);
        own.last = sums.last;
      }
    });
  }

  int size() {
    return calls.size();
  }

  boolean isEmpty() {
    return calls.isEmpty();
  }

  /** The most frequent ones. */
  List<Call> top(int max) {
    var all = new ArrayList<Call>(calls.size());
    calls.forEach((key, sums) -> {
      EdgeKey edge = key.edge;
      all.add(
          new Call(
              edge.direction(),
              edge.peerText(),
              edge.port(),
              edge.service(),
              key.method,
              key.path,
              sums.count,
              sums.successes,
              sums.best,
              sums.worst,
              sums.last));
    });
    all.sort(Comparator.comparingLong(Call::count).reversed());
    return List.copyOf(all.subList(0, Math.min(max, all.size())));
  }
}
