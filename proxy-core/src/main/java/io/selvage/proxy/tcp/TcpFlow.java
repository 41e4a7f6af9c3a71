// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.selvage.proxy.upstream.Endpoint;

/** A raw connection that has reached its endpoint, while it lasts. Any thread may ask. */
public interface TcpFlow {
  TcpClient client();

  Endpoint endpoint();

  /** Bytes so far, as {@link TcpReport#bytesFromClient()}; another thread may see them late. */
  long bytesFromClient();

  /** Bytes so far, as {@link TcpReport#bytesToClient()}; another thread may see them late. */
  long bytesToClient();
}
