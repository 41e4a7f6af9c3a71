// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.netty.channel.Channel;

/**
 * What a connection begins with, from accept to its codec or carrier. The listener keeps its caps,
 * its care for missing descriptors and its drain whatever is put here.
 */
@FunctionalInterface
public interface ConnectionOpening {
  /** The gateway's: PROXY protocol, TLS by SNI, HTTP or raw routes. */
  ConnectionOpening GATEWAY =
      (child, server, environment) ->
          child.pipeline().addLast("opening", new Opening(server, environment));

  /**
   * Adds the first handler to an accepted channel. The channel is not registered yet; {@code
   * channelActive} comes on its own event loop. On {@link ServerCodec.Drain} the handler closes a
   * connection that has not begun anything.
   */
  void open(Channel child, ListenerServer server, ListenerEnvironment environment);
}
