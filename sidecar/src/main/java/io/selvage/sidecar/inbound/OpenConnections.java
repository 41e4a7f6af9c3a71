// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import io.netty.channel.Channel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Raw connections that policy has let in, to be judged again when it changes. Thread-safe. */
final class OpenConnections {
  /**
   * @param verdict by the rules in force when it is asked; for any thread
   */
  record Open(Channel channel, Supplier<Verdict> verdict) {}

  private final Set<Open> open = ConcurrentHashMap.newKeySet();

  void add(Channel channel, Supplier<Verdict> verdict) {
    var one = new Open(channel, verdict);
    open.add(one);
    channel.closeFuture().addListener(closed -> open.remove(one));
  }

  int size() {
    return open.size();
  }

  /**
   * Judges all of them.
   *
   * @param denied hears of those that may no longer be, on their event loop
   */
  void judge(Consumer<Open> denied) {
    for (Open one : open) {
      // A verdict is for any thread; only those that have to go cost their event loop something.
      if (!one.verdict().get().allows()) {
        one.channel().eventLoop().execute(() -> denied.accept(one));
      }
    }
  }
}
