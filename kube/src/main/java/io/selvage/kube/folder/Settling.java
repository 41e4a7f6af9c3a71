// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.folder;

import io.selvage.kube.folder.FolderScan.Stamp;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Tells when a changed file may be read: once it has rested for a while, so that the half of a file
 * an editor has written so far is not taken for the whole. Times are nanoseconds of {@link
 * System#nanoTime()}. Confined to the source's thread.
 */
final class Settling {
  private final FolderLimits limits;
  private final Map<String, Watched> watched = new HashMap<>();

  /**
   * @param stamp last seen; null while the file is missing
   * @param since when it was first seen so
   * @param first when the file was first seen to differ from what was read
   */
  private record Watched(@Nullable Stamp stamp, long since, long first) {}

  Settling(FolderLimits limits) {
    this.limits = limits;
  }

  /**
   * Whether a file that differs from what was read has come to rest.
   *
   * @param stamp what a scan shows now; null for a file that is missing
   * @param serves whether objects would be lost if the file were taken to be empty or gone
   */
  boolean isSettled(String file, @Nullable Stamp stamp, boolean serves, long nowNanos) {
    Watched before = watched.get(file);
    if (before == null) {
      before = new Watched(stamp, nowNanos, nowNanos);
    } else if (!java.util.Objects.equals(before.stamp, stamp)) {
      before = new Watched(stamp, nowNanos, before.first);
    }
    watched.put(file, before);
    boolean emptied = stamp == null || stamp.size() == 0 && serves;
    Duration rest = emptied ? limits.goneAfter() : limits.quiet();
    return nowNanos - before.since >= rest.toNanos()
        || nowNanos - before.first >= limits.patience().toNanos()
        || !emptied && stamp != null && isOld(stamp, rest);
  }

  /** A file last written well in the past is complete, even if it is seen for the first time. */
  private static boolean isOld(Stamp stamp, Duration rest) {
    return System.currentTimeMillis() - stamp.modified().toMillis() > rest.toMillis();
  }

  /** The file was read or is as it was read before. */
  void forget(String file) {
    watched.remove(file);
  }

  /** Drops files that came and went without ever being read. */
  void retain(Predicate<String> files) {
    watched.keySet().removeIf(files.negate());
  }

  /** True while some file has yet to come to rest. */
  boolean isWaiting() {
    return !watched.isEmpty();
  }
}
