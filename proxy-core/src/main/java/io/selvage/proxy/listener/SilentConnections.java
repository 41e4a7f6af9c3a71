// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.netty.channel.Channel;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Connections of a listener on which nothing was said yet, oldest first. Thread-safe. */
final class SilentConnections {
  private final Map<Channel, Runnable> resets = new LinkedHashMap<>();

  synchronized void add(Channel connection, Runnable reset) {
    resets.put(connection, reset);
  }

  /** Returns true if it was the last one. */
  synchronized boolean remove(Channel connection) {
    return resets.remove(connection) != null && resets.isEmpty();
  }

  synchronized boolean isEmpty() {
    return resets.isEmpty();
  }

  /** Resets the oldest, on its event loop; false if there is none. */
  boolean resetOldest() {
    Map.Entry<Channel, Runnable> oldest;
    synchronized (this) {
      Iterator<Map.Entry<Channel, Runnable>> all = resets.entrySet().iterator();
      if (!all.hasNext()) {
        return false;
      }
      Map.Entry<Channel, Runnable> first = all.next();
      oldest = Map.entry(first.getKey(), first.getValue());
      all.remove();
    }
    oldest.getKey().eventLoop().execute(oldest.getValue());
    return true;
  }
}
