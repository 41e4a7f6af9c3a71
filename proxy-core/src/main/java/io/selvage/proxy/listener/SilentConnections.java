// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.netty.channel.Channel;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Connections of a listener on which nothing was said yet, oldest first. Thread-safe. */
final class SilentConnections {
  private final Map<Channel, Runnable> resets = new LinkedHashMap<>();

  /** Those that make room as soon as their event loops come to it, unless somebody speaks first. */
  private final Set<Channel> leaving = new HashSet<>();

  synchronized void add(Channel connection, Runnable reset) {
    resets.put(connection, reset);
  }

  /** Returns true if it was the last one. */
  synchronized boolean remove(Channel connection) {
    leaving.remove(connection);
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
      leaving.add(oldest.getKey());
    }
    oldest
        .getKey()
        .eventLoop()
        .execute(() -> {
          if (leaves(oldest.getKey())) {
            oldest.getValue().run();
          }
        });
    return true;
  }

  private synchronized boolean leaves(Channel connection) {
    return leaving.remove(connection);
  }
}
