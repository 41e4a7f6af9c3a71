// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.netty.channel.Channel;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.pool.UpstreamConnection;
import io.selvage.proxy.pool.UpstreamProtocol;

/** Speaks HTTP/1.1 with endpoints: one exchange at a time on a connection. */
public final class Http1UpstreamProtocol implements UpstreamProtocol {
  private final Limits limits;

  public Http1UpstreamProtocol(Limits limits) {
    this.limits = limits;
  }

  @Override
  public UpstreamConnection install(Channel channel, UpstreamConnection.Listener listener) {
    var connection = new Http1UpstreamConnection(channel, listener, limits);
    channel.pipeline().addLast("h1", connection);
    return connection;
  }

  @Override
  public boolean isMultiplexed() {
    return false;
  }
}
