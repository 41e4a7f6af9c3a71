// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;

/**
 * One side says something long and goes away for good; the other one reads slowly and goes on
 * talking, which the kernel of the first answers by resets.
 */
public final class LastWords {
  /** More than a small receive buffer takes, and less than all buffers on the way do. */
  public static final int BYTES = 150_000;

  /**
   * States of a socket whose FIN has been acknowledged, in {@code /proc/net/tcp}: FIN_WAIT2, and
   * TIME_WAIT where the peer has ended its side too.
   */
  private static final Set<String> LEFT = Set.of("05", "06");

  private LastWords() {}

  /**
   * Ends our direction and closes the socket once the other end of the connection has everything:
   * resets would take away what is still on its way from here.
   *
   * @throws IOException if that takes longer than {@code patience}
   */
  public static void leave(Socket socket, Duration patience)
      throws IOException, InterruptedException {
    if (!socket.isOutputShutdown()) {
      socket.shutdownOutput();
    }
    long until = System.nanoTime() + patience.toNanos();
    while (!hasLeft(socket.getLocalPort(), socket.getPort())) {
      if (System.nanoTime() - until > 0) {
        throw new IOException("what was said last is not taken");
      }
      Thread.sleep(10);
    }
    socket.close();
  }

  private static boolean hasLeft(int local, int remote) throws IOException {
    String from = String.format(Locale.ROOT, ":%04X", local);
    String to = String.format(Locale.ROOT, ":%04X", remote);
    for (String table : new String[] {"/proc/net/tcp", "/proc/net/tcp6"}) {
      Path path = Path.of(table);
      if (!Files.exists(path)) {
        continue;
      }
      for (String line : Files.readAllLines(path)) {
        String[] columns = line.strip().split("\\s+");
        if (columns.length > 3
            && columns[1].endsWith(from)
            && columns[2].endsWith(to)
            && LEFT.contains(columns[3])) {
          return true;
        }
      }
    }
    return false;
  }

  /** Reads slowly to the end, saying something all the time; returns how much there was. */
  public static int talkAndRead(Socket socket) throws IOException, InterruptedException {
    byte[] buffer = new byte[4_000];
    InputStream in = socket.getInputStream();
    int got = 0;
    for (int n = 0; n >= 0; n = in.read(buffer)) {
      got += n;
      socket.getOutputStream().write('x');
      Thread.sleep(2);
    }
    return got;
  }
}
