// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What original destinations stand for. While the control plane is away nothing that is known is
 * forgotten. Thread-safe.
 */
public interface Destinations {
  /** Longest time a connection waits for the control plane's first word, in milliseconds. */
  long PATIENCE_MILLIS = 1_000;

  /**
   * Most destinations kept; beyond it the one that has been out of use longest goes, and if all are
   * in use, new ones are forwarded as they are and not kept.
   */
  int MAX_DESTINATIONS = 4_096;

  /** What is known already; null if nothing is. Starts nothing. */
  @Nullable Destination known(InetSocketAddress address);

  /**
   * The destination, from memory or asked for. Never fails: without an answer within {@link
   * #PATIENCE_MILLIS}, or at once without a control plane, its state is one that is not answered;
   * when the answer comes later, the state changes.
   *
   * @param address resolved
   * @param loop on which the future tells
   */
  Future<Destination> find(InetSocketAddress address, EventLoop loop);
}
