// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import org.jspecify.annotations.Nullable;

/**
 * Streams we reset while the peer may still have been sending on them: its frames on those are
 * harmless, on any other closed stream a violation (RFC 9113 section 5.1). The oldest are
 * forgotten.
 */
final class ResetHistory {
  private static final int KNOWN = 1024;

  // Made with the first reset: most connections never need it.
  private int @Nullable [] ids;
  private int count;

  void add(int streamId) {
    int[] ring = ids;
    if (ring == null) {
      ring = new int[KNOWN];
      ids = ring;
    }
    ring[count] = streamId;
    count = (count + 1) % KNOWN;
  }

  boolean contains(int streamId) {
    int[] ring = ids;
    if (ring != null) {
      for (int id : ring) {
        if (id == streamId) {
          return true;
        }
      }
    }
    return false;
  }
}
