// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.NoSuchElementException;
import java.util.Scanner;
import java.util.concurrent.ThreadLocalRandom;

/**
 * TCP ports for somebody who opens them a little later. They lie below those that the kernel hands
 * out by itself: one of those could go to the next connection or to the next listener on port 0
 * before its user comes.
 */
public final class FreePorts {
  private static final Path HANDED_OUT = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
  private static final int LOWEST = 10_000;
  private static final int ATTEMPTS = 100;

  private FreePorts() {}

  /**
   * A port nobody listens on now.
   *
   * @param ip literal, of this machine
   * @throws IOException if there is none
   */
  public static int on(String ip) throws IOException {
    int end = handedOutFrom();
    for (int attempt = 0; end > LOWEST && attempt < ATTEMPTS; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(LOWEST, end);
      if (isFree(ip, port)) {
        return port;
      }
    }
    try (var any = new ServerSocket(0, 1, InetAddress.ofLiteral(ip))) {
      return any.getLocalPort();
    }
  }

  /** Whether somebody could listen there now. */
  public static boolean isFree(String ip, int port) {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral(ip), port), 1);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * The lowest port that the kernel hands out by itself (ip-sysctl, {@code ip_local_port_range}).
   */
  private static int handedOutFrom() {
    // By one read, which is all that a sysctl answers.
    try (BufferedReader file = Files.newBufferedReader(HANDED_OUT)) {
      return new Scanner(file).nextInt();
    } catch (IOException | NoSuchElementException e) {
      return 0;
    }
  }
}
