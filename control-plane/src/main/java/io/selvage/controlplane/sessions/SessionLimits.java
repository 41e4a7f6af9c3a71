// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import java.time.Duration;

/**
 * Bounds of sessions.
 *
 * @param subscriptions of one session; one more ends it
 * @param subscriptionsInAll of all sessions; one more ends the session that asks for it
 * @param streamsPerIdentity sessions of one ServiceAccount; one more is refused
 * @param streamsPerPod sessions of one known pod; one more ends the oldest, which is what a proxy
 *     leaves behind that lost its connection and came back
 * @param unanswered subscriptions waiting for their first answer, above which a stream is not read
 * @param helloWithin time for the first message
 * @param stalledFor how long something may wait for a reader that takes nothing
 * @param reportsPerSecond reports of one session on average; those beyond are dropped
 */
public record SessionLimits(
    int subscriptions,
    int subscriptionsInAll,
    int streamsPerIdentity,
    int streamsPerPod,
    int unanswered,
    Duration helloWithin,
    Duration stalledFor,
    int reportsPerSecond) {
  public static final SessionLimits DEFAULT =
      new SessionLimits(
          8_192, 2_000_000, 10_000, 4, 256, Duration.ofSeconds(10), Duration.ofSeconds(10), 10);
}
