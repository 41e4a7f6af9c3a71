// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A client that sends and receives plain bytes, so that a test says exactly what is on the wire.
 * Text is ISO 8859-1: one char, one byte. Every read has a deadline; passing it is a failure that
 * shows what had arrived.
 */
public final class RawClient implements AutoCloseable {
  private static final int PIECE = 1 << 16;
  private static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(30);

  private final Socket socket;
  private final InputStream in;
  private Duration deadline = DEFAULT_DEADLINE;

  private RawClient(Socket socket) throws IOException {
    this.socket = socket;
    this.in = socket.getInputStream();
    socket.setTcpNoDelay(true);
  }

  /** Connects to a port of 127.0.0.1. */
  public static RawClient connect(int port) throws IOException {
    return connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
  }

  public static RawClient connect(InetSocketAddress address) throws IOException {
    var socket = new Socket();
    socket.connect(address, (int) DEFAULT_DEADLINE.toMillis());
    return new RawClient(socket);
  }

  /** Connects with a small receive buffer, for a reader that is to be slow. */
  public static RawClient connectSlowReader(int port, int receiveBufferBytes) throws IOException {
    var socket = new Socket();
    socket.setReceiveBufferSize(receiveBufferBytes);
    socket.connect(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
        (int) DEFAULT_DEADLINE.toMillis());
    return new RawClient(socket);
  }

  /** A client over a socket of the test's own, such as a TLS one. */
  public static RawClient over(Socket socket) throws IOException {
    return new RawClient(socket);
  }

  /** How long each of the following reads may take in all; 30 s at first. */
  public RawClient deadline(Duration newDeadline) {
    deadline = newDeadline;
    return this;
  }

  /** Sends text, one byte a char. */
  public RawClient send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  public RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return this;
  }

  /**
   * Sends one byte after the other, so that the connection is never idle, until the other side cuts
   * it or the deadline has passed.
   *
   * @return whether it was cut
   */
  public boolean isCutWhileDripping() throws InterruptedException {
    long end = System.nanoTime() + deadline.toNanos();
    while (System.nanoTime() < end) {
      try {
        send("a");
      } catch (IOException e) {
        return true;
      }
      Thread.sleep(50);
    }
    return false;
  }

  /** Ends our direction (FIN) and goes on reading. */
  public RawClient shutdownOutput() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  /** Reads until {@code end} has arrived; returns everything up to and with it, and no more. */
  public String readUntil(String end) throws IOException {
    var read = new ByteArrayOutputStream();
    long until = System.nanoTime() + deadline.toNanos();
    while (!endsWith(read, end)) {
      int b = readByte(until, read);
      if (b < 0) {
        throw new EOFException("closed before \"" + end + "\"; got: " + text(read));
      }
      read.write(b);
    }
    return text(read);
  }

  /** Reads exactly {@code count} bytes. */
  public String read(int count) throws IOException {
    var read = new ByteArrayOutputStream();
    long until = System.nanoTime() + deadline.toNanos();
    byte[] piece = new byte[Math.min(count, PIECE)];
    while (read.size() < count) {
      int n = readSome(piece, Math.min(piece.length, count - read.size()), until, read);
      if (n < 0) {
        throw new EOFException("closed after " + read.size() + " of " + count + ": " + text(read));
      }
      read.write(piece, 0, n);
    }
    return text(read);
  }

  /** Reads a head up to and with its empty line. */
  public String readHead() throws IOException {
    return readUntil("\r\n\r\n");
  }

  /** Reads one response: the head, and the body its content-length or chunking announces. */
  public String readResponse() throws IOException {
    String head = readHead();
    return head + readBody(head);
  }

  /** Reads the body that {@code head} announces, still chunked if it is. */
  public String readBody(String head) throws IOException {
    String length = header(head, "content-length");
    if (length != null) {
      return read(Integer.parseInt(length));
    }
    String coding = header(head, "transfer-encoding");
    return "chunked".equals(coding) ? readChunked() : "";
  }

  private String readChunked() throws IOException {
    var all = new StringBuilder();
    while (true) {
      String line = readUntil("\r\n");
      all.append(line);
      int size = Integer.parseInt(line.split("[;\r]", 2)[0], 16);
      if (size == 0) {
        do {
          line = readUntil("\r\n");
          all.append(line);
        } while (!line.equals("\r\n"));
        return all.toString();
      }
      all.append(read(size + 2));
    }
  }

  /** Value of the first field with this name in a head, or null. */
  public static @Nullable String header(String head, String name) {
    for (String line : head.split("\r\n")) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).equalsIgnoreCase(name)) {
        return line.substring(colon + 1).strip();
      }
    }
    return null;
  }

  /** Reads until the peer closes (FIN or reset). */
  public String readToEnd() throws IOException {
    var read = new ByteArrayOutputStream();
    long until = System.nanoTime() + deadline.toNanos();
    byte[] piece = new byte[PIECE];
    int n;
    while ((n = readSome(piece, PIECE, until, read)) >= 0) {
      read.write(piece, 0, n);
    }
    return text(read);
  }

  /** True if nothing arrives and nobody closes for {@code quiet}. */
  public boolean isQuietFor(Duration quiet) throws IOException {
    socket.setSoTimeout((int) quiet.toMillis());
    try {
      in.read(); // a byte, a FIN or a reset: not quiet
      return false;
    } catch (SocketTimeoutException e) {
      return true;
    }
  }

  /** Closes with a reset instead of a FIN. */
  public void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  public Socket socket() {
    return socket;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  private int readByte(long until, ByteArrayOutputStream soFar) throws IOException {
    byte[] one = new byte[1];
    return readSome(one, 1, until, soFar) < 0 ? -1 : one[0] & 0xff;
  }

  /** What is there, at least a byte; -1 at the end. */
  private int readSome(byte[] piece, int most, long until, ByteArrayOutputStream soFar)
      throws IOException {
    long left = (until - System.nanoTime()) / 1_000_000;
    if (left <= 0) {
      throw new SocketTimeoutException("nothing more within " + deadline + "; got: " + text(soFar));
    }
    socket.setSoTimeout((int) left);
    try {
      return in.read(piece, 0, most);
    } catch (SocketTimeoutException e) {
      throw new SocketTimeoutException("nothing more within " + deadline + "; got: " + text(soFar));
    } catch (java.net.SocketException e) {
      return -1; // a reset ends the stream like a FIN; what had arrived is what counts
    }
  }

  private static boolean endsWith(ByteArrayOutputStream read, String end) {
    if (read.size() < end.length()) {
      return false;
    }
    byte[] bytes = read.toByteArray();
    for (int i = 0; i < end.length(); i++) {
      if ((bytes[bytes.length - end.length() + i] & 0xff) != end.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static String text(ByteArrayOutputStream read) {
    return read.toString(StandardCharsets.ISO_8859_1);
  }
}
