// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.netty.channel.ChannelPipeline;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.listener.ServerCodecContext;

/** Speaks HTTP/1.1 and 1.0 with a client. */
public final class Http1ServerCodec {
  private Http1ServerCodec() {}

  /** A {@link io.selvage.proxy.listener.ServerCodec}; see there. */
  public static void install(
      ChannelPipeline pipeline, ConnectionInfo connection, ServerCodecContext context) {
    pipeline.addLast("h1", new Http1ServerConnection(connection, context));
  }
}
