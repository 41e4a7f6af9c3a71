// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An origin that does to each connection what a script says: bytes in, bytes out, close, reset,
 * stay silent. Keeps every byte it was sent, by connection, so that a test can say what the origin
 * saw. Threads are virtual and end with {@link #close()}.
 */
public final class ScriptedOrigin implements AutoCloseable {

  /** What happens on one connection; it is closed when the script returns. */
  @FunctionalInterface
  public interface Script {
    void run(Connection connection) throws IOException, InterruptedException;
  }

  private final ServerSocket server;
  private final Script script;
  private final List<Connection> connections = new CopyOnWriteArrayList<>();
  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private final AtomicInteger numbers = new AtomicInteger();

  private ScriptedOrigin(Script script) throws IOException {
    this.script = script;
    server = new ServerSocket();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    Thread.ofVirtual().name("scripted-origin").start(this::accept);
  }

  /** Listens on a free port of 127.0.0.1 and runs {@code script} on each connection. */
  public static ScriptedOrigin start(Script script) throws IOException {
    return new ScriptedOrigin(script);
  }

  /** Answers every request on every connection with the same bytes; bodies are read first. */
  public static ScriptedOrigin answering(String response) throws IOException {
    return start(connection -> {
      while (connection.readRequest() != null) {
        connection.send(response);
      }
    });
  }

  public int port() {
    return server.getLocalPort();
  }

  /** Connections accepted so far, oldest first. */
  public List<Connection> connections() {
    return connections;
  }

  /** True once there was a connection and its peer has ended the first one. */
  public boolean isFirstClosedByPeer() {
    return !connections.isEmpty() && connections.getFirst().isClosedByPeer();
  }

  /** Everything received on all connections, in order of acceptance. */
  public String received() {
    var all = new StringBuilder();
    connections.forEach(connection -> all.append(connection.received()));
    return all.toString();
  }

  /** Whole requests read by {@link Connection#readRequest} on all connections. */
  public List<String> requests() {
    var all = new ArrayList<String>();
    connections.forEach(connection -> all.addAll(connection.requests));
    return all;
  }

  /** Scripts that ended by an assertion or a programming error. */
  public List<Throwable> failures() {
    return failures;
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Connection connection : connections) {
      connection.socket.close();
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var connection = new Connection(server.accept(), numbers.getAndIncrement());
        connections.add(connection);
        Thread.ofVirtual().name("scripted-origin").start(() -> run(connection));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void run(Connection connection) {
    try (Socket _ = connection.socket) {
      script.run(connection);
    } catch (IOException e) {
      // The proxy or close() ended the connection: usual at the end of a script.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | AssertionError e) {
      failures.add(e);
    }
  }

  /** One accepted connection, driven by its script. */
  public static final class Connection {
    private final Socket socket;
    private final int number;
    private final StringBuffer received = new StringBuffer();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile boolean closedByPeer;

    private Connection(Socket socket, int number) throws IOException {
      this.socket = socket;
      this.number = number;
      socket.setTcpNoDelay(true);
    }

    /** 0 for the first connection of the origin. */
    public int number() {
      return number;
    }

    /** Every byte received so far. */
    public String received() {
      return received.toString();
    }

    /** True once the peer's FIN or reset was read. */
    public boolean isClosedByPeer() {
      return closedByPeer;
    }

    /** Reads a head with its empty line; null if the peer closed before its first byte. */
    public @Nullable String readHead() throws IOException {
      return readUntil("\r\n\r\n");
    }

    /** Reads up to and with {@code end}; null if the peer closed before the first byte. */
    public @Nullable String readUntil(String end) throws IOException {
      var text = new StringBuilder();
      while (text.indexOf(end, Math.max(0, text.length() - end.length())) < 0) {
        int b = readByte();
        if (b < 0) {
          if (text.isEmpty()) {
            return null;
          }
          throw new IOException("closed in the middle of: " + text);
        }
        text.append((char) b);
      }
      return text.toString();
    }

    private String required(String end) throws IOException {
      String text = readUntil(end);
      if (text == null) {
        throw new IOException("closed in the middle of a body");
      }
      return text;
    }

    /** Reads exactly {@code count} bytes. */
    public String read(int count) throws IOException {
      byte[] bytes = socket.getInputStream().readNBytes(count);
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      received.append(text);
      if (bytes.length < count) {
        closedByPeer = true;
        throw new IOException("closed after " + bytes.length + " of " + count + " bytes");
      }
      return text;
    }

    /** Reads a whole request, body included as it was framed; null at the end of the connection. */
    public @Nullable String readRequest() throws IOException {
      String head = readHead();
      if (head == null) {
        return null;
      }
      String request = head + readBody(head);
      requests.add(request);
      return request;
    }

    /** Reads the body {@code head} announces, as framed. */
    public String readBody(String head) throws IOException {
      String length = RawClient.header(head, "content-length");
      if (length != null) {
        return read(Integer.parseInt(length));
      }
      if (!"chunked".equals(RawClient.header(head, "transfer-encoding"))) {
        return "";
      }
      var all = new StringBuilder();
      while (true) {
        String line = required("\r\n");
        all.append(line);
        int size = Integer.parseInt(line.strip(), 16);
        if (size > 0) {
          all.append(read(size + 2));
          continue;
        }
        do {
          line = required("\r\n");
          all.append(line);
        } while (!line.equals("\r\n"));
        return all.toString();
      }
    }

    /** Reads and drops until the peer closes. */
    public void readToEnd() throws IOException {
      while (readByte() >= 0) {
        // dropped
      }
    }

    public void send(String text) throws IOException {
      send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    public void send(byte[] bytes) throws IOException {
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().flush();
    }

    /** Sends FIN and goes on reading. */
    public void shutdownOutput() throws IOException {
      socket.shutdownOutput();
    }

    /** Closes with a reset instead of a FIN. */
    public void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }

    public Socket socket() {
      return socket;
    }

    private int readByte() throws IOException {
      int b;
      try {
        b = socket.getInputStream().read();
      } catch (SocketException e) {
        // A reset, unless it was we who closed.
        closedByPeer |= !socket.isClosed();
        throw e;
      }
      if (b < 0) {
        closedByPeer = true;
      } else {
        received.append((char) b);
      }
      return b;
    }
  }
}
