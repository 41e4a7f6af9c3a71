// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/**
 * A port of 127.0.0.1 that answers no SYN, like a pod that is gone: its queue of connections is
 * full, and nobody accepts any.
 */
public final class DeafPort implements AutoCloseable {
  private static final int UNANSWERED_MILLIS = 500;

  /** More than any queue of length 1 holds. */
  private static final int MOST = 16;

  private final ServerSocket server;
  private final List<Socket> queued = new ArrayList<>();

  private DeafPort(ServerSocket server) {
    this.server = server;
  }

  public static DeafPort open() throws IOException {
    var port = new DeafPort(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
    try {
      port.fill();
      return port;
    } catch (IOException e) {
      port.close();
      throw e;
    }
  }

  private void fill() throws IOException {
    for (int i = 0; i < MOST; i++) {
      var socket = new Socket();
      queued.add(socket);
      try {
        socket.connect(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), number()), UNANSWERED_MILLIS);
      } catch (SocketTimeoutException e) {
        return; // from here on nobody is answered
      }
    }
    throw new IOException("a full queue still takes connections");
  }

  public int number() {
    return server.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    for (Socket socket : queued) {
      socket.close();
    }
    server.close();
  }
}
