// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses have shaken hands as members of the mesh lately, and which came in plaintext. A
 * member is silent for as long as its ClientHello takes, and a server's greeting sent meanwhile
 * would break the handshake; whoever comes in plaintext wants the greeting at once. Bounded;
 * thread-safe.
 */
final class PeerMemory {
  static final int CAPACITY = 4_096;

  /** For a member: longer than a lost packet takes to be sent again. */
  static final long MEMBER_HOLD_MILLIS = 3_000;

  /** For somebody not seen before. */
  static final long UNKNOWN_HOLD_MILLIS = 75;

  /** Addresses of pods are given to others. */
  private static final long LIFE_NANOS = TimeUnit.MINUTES.toNanos(10);

  private record Seen(boolean member, boolean plain, long atNanos) {}

  private final LongSupplier nanoClock;
  private final Map<InetAddress, Seen> peers =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<InetAddress, Seen> eldest) {
          return size() > CAPACITY;
        }
      };

  PeerMemory(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  synchronized void sawMember(InetAddress peer) {
    Seen before = fresh(peer);
    peers.put(peer, new Seen(true, before != null && before.plain, nanoClock.getAsLong()));
  }

  synchronized void sawPlain(InetAddress peer) {
    Seen before = fresh(peer);
    peers.put(peer, new Seen(before != null && before.member, true, nanoClock.getAsLong()));
  }

  /** Whether it is known as a member, and has not come in plaintext too. */
  synchronized boolean isMember(InetAddress peer) {
    Seen seen = fresh(peer);
    return seen != null && seen.member && !seen.plain;
  }

  /** How long after accept what a server says first is held back, in milliseconds. */
  synchronized long holdMillis(InetAddress peer) {
    Seen seen = fresh(peer);
    if (seen == null || seen.member && seen.plain) {
      return UNKNOWN_HOLD_MILLIS;
    }
    return seen.member ? MEMBER_HOLD_MILLIS : 0;
  }

  private @Nullable Seen fresh(InetAddress peer) {
    Seen seen = peers.get(peer);
    return seen == null || nanoClock.getAsLong() - seen.atNanos > LIFE_NANOS ? null : seen;
  }

  synchronized int size() {
    return peers.size();
  }
}
