// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.sidecar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * Requests at a fixed rate whatever the answers do, over kept connections. A latency counts from
 * the moment its request was due, so that a stall shows in every request it held up. One thread
 * sends and sleeps, one waits for answers: none spins, as the application shares their processor.
 */
final class OpenLoop {
  /**
   * What came of a run.
   *
   * @param answered with 200
   * @param failed answered otherwise, or not at all
   * @param refused how many were answered otherwise, by status
   * @param micros sorted latencies of those answered
   */
  record Result(long answered, long failed, Map<Integer, Integer> refused, double[] micros) {
    /** {@code 0}, or {@code 9 (504: 7)}, where two were not answered at all. */
    String failures() {
      return refused.isEmpty()
          ? Long.toString(failed)
          : failed
              + refused.entrySet().stream()
                  .map(entry -> entry.getKey() + ": " + entry.getValue())
                  .collect(Collectors.joining(", ", " (", ")"));
    }

    double percentile(double share) {
      return micros.length == 0
          ? Double.NaN
          : micros[(int) Math.min(micros.length - 1, Math.floor(share * micros.length))];
    }
  }

  private static final long ANSWER_LIMIT_NANOS = 5_000_000_000L;

  private final InetSocketAddress target;
  private final int connections;
  private final byte[] request;
  private final BlockingQueue<Connection> free = new LinkedBlockingQueue<>();
  private final List<Connection> all = new ArrayList<>();
  private final double[] latencies;
  private final Map<Integer, Integer> refused = new TreeMap<>();
  private int answered;
  private volatile boolean sent;

  private OpenLoop(InetSocketAddress target, int connections, String path, int requests) {
    this.target = target;
    this.connections = connections;
    this.request =
        ("GET "
                + path
                + " HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)"
                + " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36\r\n"
                + "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n"
                + "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
                + "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark\r\n\r\n")
            .getBytes(ISO_8859_1);
    this.latencies = new double[requests];
  }

  /**
   * Runs for a bounded time.
   *
   * @param rate requests per second
   */
  static Result run(int port, String path, int rate, int connections, int seconds)
      throws IOException, InterruptedException {
    var loop =
        new OpenLoop(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
            connections,
            path,
            rate * seconds);
    return loop.run(rate);
  }

  private Result run(int rate) throws IOException, InterruptedException {
    try (Selector selector = Selector.open()) {
      for (int i = 0; i < connections; i++) {
        var connection = new Connection(SocketChannel.open(target));
        connection.channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        connection.channel.configureBlocking(false);
        connection.channel.register(selector, SelectionKey.OP_READ, connection);
        all.add(connection);
        free.add(connection);
      }
      Thread reader = Thread.ofPlatform().name("answers").start(() -> read(selector));
      send(rate);
      sent = true;
      selector.wakeup();
      reader.join();
    } finally {
      for (Connection connection : all) {
        connection.channel.close();
      }
    }
    double[] micros = Arrays.copyOf(latencies, answered);
    Arrays.sort(micros);
    return new Result(answered, latencies.length - (long) answered, refused, micros);
  }

  private void send(int rate) throws InterruptedException {
    long began = System.nanoTime();
    for (int i = 0; i < latencies.length; i++) {
      long due = began + i * 1_000_000_000L / rate;
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      Connection connection = free.poll(5, TimeUnit.SECONDS);
      if (connection == null) {
        return; // every connection is stuck or broken: what was not sent has failed
      }
      connection.due = due;
      connection.busy = true;
      try {
        connection.channel.write(ByteBuffer.wrap(request));
      } catch (IOException e) {
        connection.busy = false; // the reader finds it closed
      }
    }
  }

  private void read(Selector selector) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(128 * 1024);
    long idleSince = System.nanoTime();
    try {
      while (!sent || outstanding()) {
        int ready = selector.select(100);
        if (ready > 0) {
          idleSince = System.nanoTime();
        } else if (sent && System.nanoTime() - idleSince > ANSWER_LIMIT_NANOS) {
          return;
        }
        for (SelectionKey key : selector.selectedKeys()) {
          Connection connection = (Connection) key.attachment();
          buffer.clear();
          int count;
          try {
            count = connection.channel.read(buffer);
          } catch (IOException e) {
            count = -1;
          }
          if (count < 0) {
            key.cancel();
            connection.busy = false;
          } else if (connection.take(buffer.flip())) {
            if (connection.status == 200) {
              latencies[answered] = (System.nanoTime() - connection.due) / 1e3;
              answered++;
            } else {
              refused.merge(connection.status, 1, Integer::sum);
            }
            connection.busy = false;
            free.add(connection);
          }
        }
        selector.selectedKeys().clear();
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean outstanding() {
    return all.stream().anyMatch(connection -> connection.busy);
  }

  private static final class Connection {
    final SocketChannel channel;
    volatile long due;
    volatile boolean busy;
    int status;
    private final StringBuilder head = new StringBuilder();
    private int bodyLeft = -1;

    Connection(SocketChannel channel) {
      this.channel = channel;
    }

    /** Takes bytes; true at the end of an answer. */
    boolean take(ByteBuffer bytes) {
      while (bytes.hasRemaining() && bodyLeft < 0) {
        head.append((char) (bytes.get() & 0xff));
        if (head.length() >= 4
            && head.charAt(head.length() - 1) == '\n'
            && head.charAt(head.length() - 3) == '\n') {
          status = Integer.parseInt(head.substring(9, 12));
          String lower = head.toString().toLowerCase(Locale.ROOT);
          int at = lower.indexOf("content-length:");
          bodyLeft = Integer.parseInt(lower.substring(at + 15, lower.indexOf('\r', at)).strip());
          head.setLength(0);
        }
      }
      if (bodyLeft < 0) {
        return false;
      }
      bodyLeft -= bytes.remaining();
      if (bodyLeft == 0) {
        bodyLeft = -1;
        return true;
      }
      return false;
    }
  }
}
