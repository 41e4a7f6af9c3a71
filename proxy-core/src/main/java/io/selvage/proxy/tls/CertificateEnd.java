// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * Ends connections of the mesh with the certificates they were made with: who could not get a new
 * one must not go on with an old connection for ever. See {@link MeshTls#connectionEnd}.
 */
public final class CertificateEnd {
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
   * by the dates of its certificates themselves, where these still lie ahead, so that the allowance
   * for clocks is there for what runs.
   *
   * @return {@link Long#MAX_VALUE} if never
   */
  public static long usableMillis(Instant end) {
    if (end.equals(Instant.MAX)) {
      return Long.MAX_VALUE;
    }
    long dated = millisUntil(end.minus(MeshTls.SKEW));
    return dated > 0 ? dated : millisUntil(end);
  }

  private static long millisUntil(Instant end) {
    return Math.max(0, Duration.between(Instant.now(), end).toMillis());
  }
}
