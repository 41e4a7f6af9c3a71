// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * Ends connections of the mesh with the certificates they were made with: who could not get a new
 * one must not go on with an old connection for ever. Requests go to newer connections well before
 * that. See {@link MeshTls#connectionEnd}.
 */
public final class CertificateEnd {
  /** What a request that begins as late as it may has before its connection is cut, at most. */
  private static final long LAST_REQUEST_MILLIS = TimeUnit.HOURS.toMillis(1);

  private CertificateEnd() {}

  /**
   * Runs {@code onEnd} on the channel's event loop at {@code end}, unless the channel has been
   * closed by then.
   *
   * @param end {@link Instant#MAX} = never
   */
  public static void watch(Channel channel, Instant end, Runnable onEnd) {
    if (end.equals(Instant.MAX)) {
      return;
    }
    Future<?> timer =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  if (channel.isOpen()) {
                    onEnd.run();
                  }
                },
                millisUntil(end),
                TimeUnit.MILLISECONDS);
    channel.closeFuture().addListener(closed -> timer.cancel(false));
  }

  /**
   * Milliseconds from now until a connection that ends at {@code end} should take no more requests:
   * long enough before its certificates' dates that what runs by then can end by itself. That is an
   * hour, or a quarter of what is left where that is less.
   *
   * @param end the allowance for clocks included; {@link Instant#MAX} = never
   * @return {@link Long#MAX_VALUE} if never
   */
  public static long usableMillis(Instant end) {
    return usableMillis(end, Instant.now());
  }

  static long usableMillis(Instant end, Instant now) {
    if (end.equals(Instant.MAX)) {
      return Long.MAX_VALUE;
    }
    long dated = Duration.between(now, end.minus(MeshTls.SKEW)).toMillis();
    // A connection made within the allowance has no more than that.
    long left = dated > 0 ? dated : Math.max(0, Duration.between(now, end).toMillis());
    return left - Math.min(left / 4, LAST_REQUEST_MILLIS);
  }

  private static long millisUntil(Instant end) {
    return Math.max(0, Duration.between(Instant.now(), end).toMillis());
  }
}
