// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

/**
 * Which side of a destination's connections was seen to speak first, so that the next connection
 * need not find out again. A wrong memory only costs time, and the connection that shows it wrong
 * corrects it. Thread-safe.
 */
public final class WhoSpeaksFirst {
  /**
   * How many graces a client may be silent where clients are known to speak first: a slow one costs
   * the server nothing then. No more, because clients of one port differ, and whoever waits for the
   * server's greeting is to have it within 100 ms.
   */
  static final int KNOWN_CLIENT_GRACES = 3;

  /** What was seen last. */
  public enum Side {
    UNKNOWN,
    CLIENT,
    SERVER
  }

  private volatile Side side = Side.UNKNOWN;

  public Side side() {
    return side;
  }

  void saw(Side spoke) {
    if (side != spoke) {
      side = spoke;
    }
  }

  /**
   * How long a client may be silent before its server is asked to speak.
   *
   * @param grace where nothing is known, in milliseconds
   */
  long patience(long grace) {
    return switch (side) {
      case UNKNOWN -> grace;
      case CLIENT -> grace * KNOWN_CLIENT_GRACES;
      case SERVER -> 0;
    };
  }
}
