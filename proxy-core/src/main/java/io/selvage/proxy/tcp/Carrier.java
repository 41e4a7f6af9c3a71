// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.Queue;

/** Carries the bytes of an established connection both ways until it closes both channels. */
sealed interface Carrier permits Relay, SplicePump {
  /**
   * Begins.
   *
   * @param early what the client has sent already; emptied
   * @param greeting what the server has sent already; emptied
   */
  void start(Queue<ByteBuf> early, Queue<ByteBuf> greeting);

  /**
   * One of the channels has been closed, whoever did it. The other one is reset, unless an end had
   * been said on the closed one before.
   *
   * @return true if there is something left to deliver on the other one, which is closed later
   */
  boolean outlives(Channel closed);

  /** The channels are being closed: nothing more is carried. */
  void stop();

  long bytesFromClient();

  long bytesToClient();

  /** True if the idle timer ended it. */
  boolean wasIdle();
}
