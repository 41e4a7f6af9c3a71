// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static java.util.Objects.requireNonNull;

import io.netty.channel.Channel;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.pool.UpstreamConnection;
import io.selvage.proxy.pool.UpstreamProtocol;

/** HTTP/2 towards endpoints: with prior knowledge in cleartext, after ALPN {@code h2} over TLS. */
public final class Http2UpstreamProtocol implements UpstreamProtocol {
  private final Limits limits;

  public Http2UpstreamProtocol(Limits limits) {
    this.limits = requireNonNull(limits, "limits");
  }

  @Override
  public UpstreamConnection install(Channel channel, UpstreamConnection.Listener listener) {
    return Http2UpstreamConnection.install(channel, limits, Http2Limits.of(limits), listener);
  }

  @Override
  public boolean isMultiplexed() {
    return true;
  }
}
