// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An address and port somebody asks about. All who ask from one node share one view; so do all
 * nodes, unless the Service prefers nearby endpoints. Confined to the index's writer.
 */
final class Target {
  final String address;
  final String text;
  final int port;
  final Map<String, Channel> byNode = new HashMap<>(2);

  /** Those who ask from one node. */
  static final class Channel {
    final Set<Watch> watches = new HashSet<>(2);
    @Nullable DestinationView view;
  }

  /**
   * @param address canonical
   * @param text as the first who asked wrote it
   */
  Target(String address, String text, int port) {
    this.address = address;
    this.text = text;
    this.port = port;
  }
}
