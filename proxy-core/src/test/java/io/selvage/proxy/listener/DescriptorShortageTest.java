// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that has no file descriptor left waits instead of spinning, and recovers. */
class DescriptorShortageTest {
  private Process process;
  private PrintStream commands;
  private BufferedReader answers;

  /**
   * Each connection takes two descriptors: with the one limit accept(2) fails first, with the other
   * socket(2) towards the endpoint.
   */
  @ParameterizedTest
  @ValueSource(ints = {256, 257})
  void waitsForDescriptorsAndServesOn(int descriptors) throws Exception {
    List<Socket> open = new ArrayList<>();
    try (ServerSocket origin = echoServer()) {
      int port = start(descriptors, origin.getLocalPort());
      // Everything is loaded and linked before the shortage.
      try (Socket first = ListenerFixture.connect(port)) {
        assertThat(isEchoed(first)).isTrue();
      }
      state();
      boolean exhausted = false;
      while (!exhausted && open.size() < descriptors) {
        Socket socket = ListenerFixture.connect(port);
        open.add(socket);
        // What comes within so long is no shortage, however slow the machine.
        socket.setSoTimeout(10_000);
        exhausted = !isEchoed(socket);
      }
      assertThat(exhausted).as("the limit was reached, after %s", open.size()).isTrue();
      assertThat(open).hasSizeGreaterThan(20);
      // More clients than descriptors: they wait in the backlog or are closed, without a spin.
      for (int i = 0; i < 20; i++) {
        open.add(ListenerFixture.connect(port));
      }
      long[] before = state();
      Thread.sleep(2_000);
      long[] after = state();
      assertThat(after[0]).as("failed accepts, paced").isBetween(1L, 40L);
      assertThat(after[1] - before[1]).as("CPU milliseconds in 2 s").isLessThan(1_000);

      for (Socket socket : open) {
        socket.close();
      }
      // At the longest pause between two accepts is a second.
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      boolean served = false;
      while (!served && System.nanoTime() < end) {
        try (Socket again = ListenerFixture.connect(port)) {
          again.setSoTimeout(2_000);
          served = isEchoed(again);
        }
      }
      assertThat(served).as("served again").isTrue();
    } finally {
      commands.close();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
    assertThat(process.exitValue()).isZero();
  }

  /** False if nothing comes back, or the connection is closed. */
  private static boolean isEchoed(Socket socket) throws IOException {
    try {
      socket.getOutputStream().write('x');
      return socket.getInputStream().read() == 'x';
    } catch (SocketTimeoutException | java.net.SocketException e) {
      return false;
    }
  }

  private static ServerSocket echoServer() throws IOException {
    ServerSocket server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
    Thread.ofVirtual()
        .start(() -> {
          while (!server.isClosed()) {
            try {
              Socket socket = server.accept();
              Thread.ofVirtual().start(() -> echo(socket));
            } catch (IOException closed) {
              return;
            }
          }
        });
    return server;
  }

  private static void echo(Socket socket) {
    try (socket) {
      socket.getInputStream().transferTo(socket.getOutputStream());
    } catch (IOException gone) {
      // The proxy has closed.
    }
  }

  private int start(int descriptors, int originPort) throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    process =
        new ProcessBuilder(
                "sh",
                "-c",
                "ulimit -n " + descriptors + " && exec \"$@\"",
                "sh",
                java.toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                classPath(),
                DescriptorShortage.class.getName(),
                Integer.toString(originPort))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
    answers =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    return (int) next("port ")[0];
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
        .replace(File.pathSeparator + File.pathSeparator, File.pathSeparator);
  }

  /** Failed accepts and CPU milliseconds. */
  private long[] state() throws IOException {
    commands.println("state?");
    return next("state ");
  }

  /** Numbers of the next line that begins so; log lines before it are passed over. */
  private long[] next(String start) throws IOException {
    for (String line = answers.readLine(); line != null; line = answers.readLine()) {
      if (line.startsWith(start)) {
        String[] words = line.substring(start.length()).split(" ", -1);
        long[] numbers = new long[words.length];
        for (int i = 0; i < words.length; i++) {
          numbers[i] = Long.parseLong(words[i]);
        }
        return numbers;
      }
    }
    throw new IOException("the process ended");
  }
}
