// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.netty.channel.ChannelPipeline;
import io.selvage.proxy.exchange.ConnectionInfo;

/** Puts an HTTP codec onto a connection whose handshakes are over. */
@FunctionalInterface
public interface ServerCodec {
  /**
   * Adds the codec's handlers at the end of the pipeline. Called on the connection's event loop;
   * bytes already read follow as an ordinary {@code channelRead}, and reading is on ({@code
   * autoRead}). The codec owns the connection from here on, its idle timer included.
   */
  void install(ChannelPipeline pipeline, ConnectionInfo connection, ServerCodecContext context);

  /**
   * User event fired on every open connection of a listener when draining begins, or when the
   * listener is removed: close when idle, otherwise after the running exchanges.
   */
  final class Drain {
    public static final Drain INSTANCE = new Drain();

    private Drain() {}
  }
}
