// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

/**
 * Whether the process is on its way out. Codecs read it when a response head is sent: from then on
 * HTTP/1.1 says {@code Connection: close} and HTTP/2 has sent GOAWAY. A connection that is idle at
 * that moment is told by the user event {@link ServerCodec.Drain} on its pipeline.
 */
@FunctionalInterface
public interface DrainSignal {
  /** Never drains: for tests. */
  DrainSignal NEVER = () -> false;

  /** Any thread; a volatile read. */
  boolean isDraining();
}
