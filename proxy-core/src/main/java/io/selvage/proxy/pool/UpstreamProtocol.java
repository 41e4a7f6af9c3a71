// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.pool;

import io.netty.channel.Channel;

/** One way of speaking HTTP to an endpoint. Implemented by {@code h1} and {@code h2}. */
public interface UpstreamProtocol {
  /**
   * Puts the protocol's handlers at the end of the pipeline of a connected channel (TLS done,
   * nothing read yet) and returns the connection, usable at once. Called on the channel's event
   * loop, which stays the connection's only thread.
   */
  UpstreamConnection install(Channel channel, UpstreamConnection.Listener listener);

  /** True if one connection carries several streams, so that one connect serves many waiters. */
  boolean isMultiplexed();
}
