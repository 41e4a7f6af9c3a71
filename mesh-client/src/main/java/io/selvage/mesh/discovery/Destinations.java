// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What original destinations stand for. What is known of the mesh is kept however long nobody asks,
 * unless there is no room; after a while without use it is asked for again before the next use, and
 * serves as it is if no answer comes. Thread-safe.
 */
public interface Destinations {
  /**
   * Longest time a connection waits for the stream to be opened, in milliseconds: the first pause
   * after it was lost, and as much again for handshakes and the answer. Less would make plaintext
   * of what is known a moment later.
   */
  long PATIENCE_MILLIS = 3_000;

  /** The same where something was known before: that is used then. */
  long REFRESH_MILLIS = 1_000;

  /**
   * Longest time a connection waits for an answer on an open stream, in milliseconds; it is refused
   * then, because sending plaintext to an address nothing is known of yet may be wrong.
   */
  long ANSWER_MILLIS = 10_000;

  /**
   * Most destinations kept; beyond it the one that has been out of use longest goes, those outside
   * the mesh first, and if all are in use, connections to new ones are refused.
   */
  int MAX_DESTINATIONS = 4_096;

  /** What is known already; null if nothing is. Starts nothing. */
  @Nullable Destination known(InetSocketAddress address);

  /**
   * The destination, from memory or asked for. Never fails: {@link Destination.Answer} says why
   * nothing is known. When the answer comes later, the state changes.
   *
   * @param address resolved
   * @param loop on which the future tells
   */
  Future<Destination> find(InetSocketAddress address, EventLoop loop);

  /**
   * Has {@code action} called, on any event loop, when there is no room for another destination:
   * whoever keeps destinations for later is to let go of some before it returns.
   */
  void onFull(Runnable action);
}
