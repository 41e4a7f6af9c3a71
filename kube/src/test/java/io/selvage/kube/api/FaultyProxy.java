// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Stands between a client and a plain-HTTP API server and makes the connection misbehave: refuses,
 * drops, or answers requests itself with whatever bytes a test thinks up.
 */
final class FaultyProxy implements AutoCloseable {
  private final ServerSocket listening;
  private final int target;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();

  /** Given a request's first line, the bytes to answer with instead of relaying; null to relay. */
  private volatile Function<String, String> answer = line -> null;

  private volatile boolean refusing;

  FaultyProxy(int target) throws IOException {
    this.target = target;
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    daemon(this::accept);
  }

  String url() {
    return "http://127.0.0.1:" + listening.getLocalPort() + "/";
  }

  /** Connections accepted so far. */
  int accepted() {
    return accepted.get();
  }

  /** From now on closes every connection at once, and those that are open. */
  void refuse() {
    refusing = true;
    drop();
  }

  /** From now on answers by itself where the function says so; open connections are dropped. */
  void answer(Function<String, String> how) {
    answer = how;
    refusing = false;
    drop();
  }

  /** From now on only relays. Open connections are dropped. */
  void relay() {
    answer(line -> null);
  }

  /** Closes all open connections. */
  void drop() {
    open.forEach(FaultyProxy::closeQuietly);
  }

  @Override
  public void close() throws IOException {
    listening.close();
    drop();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        accepted.incrementAndGet();
        open.add(client);
        daemon(() -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      if (refusing) {
        return;
      }
      byte[] head = readHead(client.getInputStream());
      String line = new String(head, StandardCharsets.US_ASCII).lines().findFirst().orElse("");
      String bytes = answer.apply(line);
      if (bytes != null) {
        client.getOutputStream().write(bytes.getBytes(StandardCharsets.UTF_8));
        return;
      }
      try (Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
        open.add(server);
        server.getOutputStream().write(oneRequestOnly(head));
        daemon(() -> copy(server, client));
        copy(client, server);
      }
    } catch (IOException e) {
      // The other side is gone: so are we.
    } finally {
      open.remove(client);
    }
  }

  /**
   * Each request is judged, so none may follow on a relayed connection; a WebSocket is left alone.
   */
  private static byte[] oneRequestOnly(byte[] head) {
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (text.toLowerCase(Locale.ROOT).contains("\r\nupgrade: websocket\r\n")) {
      return head;
    }
    String closing =
        text.replaceAll("(?i)\r\n(connection|upgrade|http2-settings):[^\r]*", "")
            .replaceFirst("\r\n", "\r\nconnection: close\r\n");
    return closing.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] readHead(InputStream in) throws IOException {
    var head = new ByteArrayOutputStream();
    int matched = 0;
    for (int b = in.read(); b >= 0; b = in.read()) {
      head.write(b);
      matched = b == "\r\n\r\n".charAt(matched) ? matched + 1 : b == '\r' ? 1 : 0;
      if (matched == 4) {
        break;
      }
    }
    return head.toByteArray();
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      OutputStream out = to.getOutputStream();
      from.getInputStream().transferTo(out);
    } catch (IOException e) {
      // Dropped on purpose.
    }
  }

  private static void daemon(Runnable task) {
    Thread.ofVirtual().start(task);
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // Closed already.
    }
  }
}
