// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * What one address may ask before anything is known of whoever asks: so many requests at a time,
 * and so many that come to nothing. Each of them would cost a question to the API server. A request
 * with a good token is given back, because all pods of a node may come from one address. Of IPv6 a
 * network of 64 bits counts as one address. Thread-safe.
 */
final class PeerLimits {
  private static final int IPV6_NETWORK_BYTES = 8;

  private final Bounds bounds;
  private final RateLimits<String> bad;

  // Guarded by this.
  private final Map<String, Integer> running = new HashMap<>();

  /**
   * @param atOnce requests of one address that run or wait at a time
   * @param burst requests without a good token at once; more than {@code atOnce}, as each that runs
   *     counts until its token has proved good
   * @param perSecond the same in the long run
   */
  record Bounds(int atOnce, int burst, double perSecond) {
    static final Bounds DEFAULT = new Bounds(128, 256, 5);

    Bounds {
      if (atOnce < 1 || burst <= atOnce || !(perSecond > 0)) {
        throw new IllegalArgumentException(
            "an address may ask at least once, at some rate, and in vain more often than at once");
      }
    }
  }

  /** Why a request is not looked at. */
  enum Excess {
    PEER_BUSY("PeerBusy", "asks for too many certificates at once"),
    PEER_LIMITED("PeerLimited", "has shown too many tokens that are good for nothing");

    private final String reason;
    private final String text;

    Excess(String reason, String text) {
      this.reason = reason;
      this.text = text;
    }

    /** Stable CamelCase word, the label of a metric. */
    String reason() {
      return reason;
    }

    String text() {
      return text;
    }
  }

  PeerLimits(Bounds bounds) {
    this.bounds = bounds;
    this.bad = new RateLimits<>(bounds.burst(), bounds.perSecond());
  }

  /** Begins a request, which {@link #leave} ends unless it is one too many. */
  synchronized Optional<Excess> enter(String peer, long nowNanos) {
    String key = key(peer);
    int already = running.getOrDefault(key, 0);
    if (already >= bounds.atOnce()) {
      return Optional.of(Excess.PEER_BUSY);
    }
    if (!bad.tryTake(key, nowNanos)) {
      return Optional.of(Excess.PEER_LIMITED);
    }
    running.put(key, already + 1);
    return Optional.empty();
  }

  /**
   * Ends a request.
   *
   * @param good whether it does not count, because somebody known sent it, or nobody could tell
   */
  synchronized void leave(String peer, boolean good) {
    String key = key(peer);
    running.computeIfPresent(key, (k, open) -> open > 1 ? open - 1 : null);
    if (good) {
      bad.giveBack(key);
    }
  }

  private static String key(String peer) {
    try {
      return InetAddress.ofLiteral(peer) instanceof Inet6Address six
          ? HexFormat.of().formatHex(Arrays.copyOf(six.getAddress(), IPV6_NETWORK_BYTES))
          : peer;
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
