// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Ports of 127.0.0.1 on which every connection is refused. They are held, not merely found to be
 * free: nobody else is given one of them as long as this JVM lives, and a client does not come to
 * talk to itself by chance, as it can over a port that is free.
 */
public final class ClosedPort {
  private static final List<Socket> HELD = new CopyOnWriteArrayList<>();

  private ClosedPort() {}

  /** Another one each time. */
  public static int take() throws IOException {
    var socket = new Socket();
    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    HELD.add(socket);
    return socket.getLocalPort();
  }
}
