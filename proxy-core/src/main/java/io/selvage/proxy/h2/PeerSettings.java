// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

/** What the peer has announced by SETTINGS (RFC 9113 section 6.5.2, RFC 8441 section 3). */
final class PeerSettings {
  private final boolean peerIsServer;
  private int initialWindow = Http2.DEFAULT_WINDOW;
  private int announcedWindow = Http2.DEFAULT_WINDOW;
  private int tableSize = Http2.DEFAULT_TABLE_SIZE;
  private int maxStreams = Integer.MAX_VALUE;
  private boolean connectProtocol;

  PeerSettings(boolean peerIsServer) {
    this.peerIsServer = peerIsServer;
  }

  /** Takes one entry; unknown ones are ignored. */
  void set(int id, long value) throws Http2Violation {
    switch (id) {
      case Http2.SETTINGS_HEADER_TABLE_SIZE ->
          tableSize = (int) Math.min(value, Http2.DEFAULT_TABLE_SIZE);
      case Http2.SETTINGS_ENABLE_PUSH ->
          require(value == 0 || (value == 1 && !peerIsServer), "bad_enable_push");
      case Http2.SETTINGS_MAX_CONCURRENT_STREAMS ->
          maxStreams = (int) Math.min(value, Integer.MAX_VALUE);
      case Http2.SETTINGS_INITIAL_WINDOW_SIZE -> {
        if (value > Http2.MAX_WINDOW) {
          throw Http2Violation.connection(Http2.FLOW_CONTROL_ERROR, "bad_initial_window");
        }
        announcedWindow = (int) value;
      }
      case Http2.SETTINGS_MAX_FRAME_SIZE ->
          // We never send more than the 16,384 bytes that are always allowed.
          require(value >= Http2.MAX_FRAME && value <= 0xff_ffff, "bad_max_frame_size");
      case Http2.SETTINGS_ENABLE_CONNECT_PROTOCOL -> {
        require(value <= 1, "bad_connect_protocol");
        connectProtocol = value == 1;
      }
      default -> {
        // Ignored.
      }
    }
  }

  private static void require(boolean ok, String reason) throws Http2Violation {
    if (!ok) {
      throw Http2Violation.connection(Http2.PROTOCOL_ERROR, reason);
    }
  }

  /**
   * The frame is complete: by how much the windows of open streams change. Only the last of several
   * values in a frame counts, so a long frame costs no more than a short one.
   */
  long applyWindow() {
    long delta = (long) announcedWindow - initialWindow;
    initialWindow = announcedWindow;
    return delta;
  }

  /** Send window a stream begins with. */
  int initialWindow() {
    return initialWindow;
  }

  /** Bytes of HPACK table our encoder may use, at most 4096. */
  int tableSize() {
    return tableSize;
  }

  int maxStreams() {
    return maxStreams;
  }

  /** The peer takes extended CONNECT. */
  boolean isConnectProtocol() {
    return connectProtocol;
  }
}
