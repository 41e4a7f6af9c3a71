// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

/**
 * A 64-bit hash of bytes for consistent hashing: FNV-1a, finished with the mixer of MurmurHash3 so
 * that near-equal keys land far apart. The same on every replica and in every version, for affinity
 * must survive both. Not for hash tables that an attacker may fill.
 */
public final class Hash64 {
  private static final long OFFSET = 0xcbf29ce484222325L;
  private static final long PRIME = 0x100000001b3L;

  private Hash64() {}

  /** The hash of {@code bytes[from, to)}; never {@link Cluster#NO_HASH}. */
  public static long of(byte[] bytes, int from, int to) {
    long h = OFFSET;
    for (int i = from; i < to; i++) {
      h = (h ^ (bytes[i] & 0xff)) * PRIME;
    }
    return finish(h);
  }

  /** The hash of ASCII (or Latin-1) text, equal to that of its bytes. */
  public static long of(String text) {
    long h = OFFSET;
    for (int i = 0; i < text.length(); i++) {
      h = (h ^ (text.charAt(i) & 0xff)) * PRIME;
    }
    return finish(h);
  }

  /** Another number from a number, without visible relation. */
  static long mix(long h) {
    h ^= h >>> 33;
    h *= 0xff51afd7ed558ccdL;
    h ^= h >>> 33;
    h *= 0xc4ceb9fe1a85ec53L;
    return h ^ (h >>> 33);
  }

  private static long finish(long h) {
    long mixed = mix(h);
    return mixed == Cluster.NO_HASH ? 1 : mixed;
  }
}
