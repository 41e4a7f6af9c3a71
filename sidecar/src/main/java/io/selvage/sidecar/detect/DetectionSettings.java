// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import java.util.concurrent.TimeUnit;

/**
 * How patient detection is.
 *
 * @param graceMillis how long a client may be silent before its server is asked to speak, where
 *     nothing is known of it; 0 = not at all
 * @param prefixMillis how long a client that has begun may take until it is certain what it speaks;
 *     from then on its bytes are carried as they are
 * @param prefixBytes how much it may send until then, at least 1
 * @param silentMillis how long both sides may be silent before anybody has said anything
 */
public record DetectionSettings(
    long graceMillis, long prefixMillis, int prefixBytes, long silentMillis) {
  /** 20 ms, 1 s, 8 KiB, 1 h. */
  public static final DetectionSettings DEFAULT =
      new DetectionSettings(20, 1_000, 8 * 1024, TimeUnit.HOURS.toMillis(1));

  public DetectionSettings {
    if (graceMillis < 0 || prefixMillis < 1 || prefixBytes < 1 || silentMillis < 1) {
      throw new IllegalArgumentException("detection would never end, or never begin");
    }
  }

  /** The same with another grace. */
  public DetectionSettings withGrace(long millis) {
    return new DetectionSettings(millis, prefixMillis, prefixBytes, silentMillis);
  }
}
