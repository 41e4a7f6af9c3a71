// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import io.netty.channel.Channel;
import java.net.InetAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Raw connections that policy has let in, to be judged again when it changes. Thread-safe. */
final class OpenConnections {
  /**
   * @param authenticated whether the client has proved an identity
   */
  record Open(Channel channel, InetAddress client, boolean authenticated) {}

  private final Set<Open> open = ConcurrentHashMap.newKeySet();

  void add(Channel channel, InetAddress client, boolean authenticated) {
    var one = new Open(channel, client, authenticated);
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
  void judge(InboundRules rules, Consumer<Open> denied) {
    for (Open one : open) {
      if (!rules.judge(one.client(), one.authenticated()).allows()) {
        one.channel().eventLoop().execute(() -> denied.accept(one));
      }
    }
  }
}
