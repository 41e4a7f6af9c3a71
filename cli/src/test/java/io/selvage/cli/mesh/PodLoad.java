// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.mesh;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Steady requests over kept connections until a file appears; a process. A request counts as failed
 * when it cannot be sent, is not answered, or is answered with anything but 200: nothing is tried
 * again. Ends with a line {@code ok=N failed=M}.
 */
final class PodLoad {
  private static final int CLIENTS = 20;

  private final String host;
  private final int port;
  private final AtomicLong ok = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();

  private PodLoad(String host, int port) {
    this.host = host;
    this.port = port;
  }

  /** Arguments: {@code IP PORT REQUESTS-PER-SECOND STOP-FILE}. */
  public static void main(String[] args) throws Exception {
    var load = new PodLoad(args[0], Integer.parseInt(args[1]));
    int rate = Integer.parseInt(args[2]);
    Path stop = Path.of(args[3]);
    long began = System.nanoTime();
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < CLIENTS; i++) {
      long offset = i * 1_000_000_000L / rate;
      threads.add(
          Thread.ofPlatform()
              .start(() -> load.run(began + offset, CLIENTS * 1_000_000_000L / rate, stop)));
    }
    System.out.println("loading");
    for (Thread thread : threads) {
      thread.join();
    }
    System.out.printf(
        "ok=%d failed=%d in %d ms%n",
        load.ok.get(), load.failed.get(), (System.nanoTime() - began) / 1_000_000);
  }

  private void run(long first, long interval, Path stop) {
    long due = first;
    Connection connection = null;
    while (!Files.exists(stop)) {
      long now = System.nanoTime();
      if (now < due) {
        LockSupport.parkNanos(due - now);
        continue;
      }
      // A machine that cannot keep up sends fewer requests, it does not send them in bursts.
      due = Math.max(due + interval, now - interval);
      try {
        if (connection == null) {
          connection = new Connection(host, port);
        }
        int status = connection.get();
        if (status == 200) {
          ok.incrementAndGet();
        } else {
          failed("status " + status);
        }
        if (connection.ended) {
          connection.close();
          connection = null;
        }
      } catch (IOException e) {
        failed(e.toString());
        if (connection != null) {
          connection.close();
          connection = null;
        }
      }
    }
    if (connection != null) {
      connection.close();
    }
  }

  private void failed(String why) {
    if (failed.incrementAndGet() <= 20) {
      System.out.println("failed: " + why);
    }
  }

  private static final class Connection {
    private final Socket socket = new Socket();
    private final InputStream in;
    private final byte[] request;
    boolean ended;

    Connection(String host, int port) throws IOException {
      socket.setSoTimeout(20_000);
      socket.setTcpNoDelay(true);
      socket.connect(new InetSocketAddress(host, port), 20_000);
      in = new BufferedInputStream(socket.getInputStream());
      request = ("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").getBytes(ISO_8859_1);
    }

    int get() throws IOException {
      socket.getOutputStream().write(request);
      String status = line();
      int length = -1;
      for (String line = line(); !line.isEmpty(); line = line()) {
        String lower = line.toLowerCase(Locale.ROOT);
        if (lower.startsWith("content-length:")) {
          length = Integer.parseInt(lower.substring(15).strip());
        } else if (lower.startsWith("connection:") && lower.contains("close")) {
          ended = true;
        }
      }
      if (length < 0 || in.readNBytes(length).length < length) {
        throw new EOFException("no whole body after " + status);
      }
      return Integer.parseInt(status.substring(9, 12));
    }

    private String line() throws IOException {
      var line = new StringBuilder();
      for (int b = in.read(); b != '\n'; b = in.read()) {
        if (b < 0) {
          throw new EOFException("the connection ended instead of an answer");
        }
        if (b != '\r') {
          line.append((char) b);
        }
      }
      return line.toString();
    }

    void close() {
      try {
        socket.close();
      } catch (IOException e) {
        // Closed is closed.
      }
    }
  }
}
