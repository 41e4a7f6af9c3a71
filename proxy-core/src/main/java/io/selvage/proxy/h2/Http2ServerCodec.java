// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.channel.ChannelPipeline;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.listener.ServerCodec;
import io.selvage.proxy.listener.ServerCodecContext;

/**
 * HTTP/2 towards clients: by ALPN, or by prior knowledge where {@link Http2Preface} matches. There
 * is no {@code Upgrade: h2c} (RFC 9113 removed it, and proxies have been fooled by it).
 */
public final class Http2ServerCodec implements ServerCodec {
  @Override
  public void install(
      ChannelPipeline pipeline, ConnectionInfo connection, ServerCodecContext context) {
    var server = new Http2ServerConnection(connection, context);
    pipeline.addLast(server.connection());
    pipeline.addLast(new Http2ServerConnection.DrainHandler(server.connection()));
  }
}
