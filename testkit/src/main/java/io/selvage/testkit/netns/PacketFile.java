// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit.netns;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads the payload of TCP connections from a file of tcpdump (pcap, Ethernet). */
public final class PacketFile {
  private static final int MAGIC = 0xa1b2c3d4;
  private static final int MAGIC_NANOS = 0xa1b23c4d;
  private static final int ETHERNET = 1;

  private PacketFile() {}

  /**
   * One direction of a connection.
   *
   * @param source {@code IP:PORT}
   * @param destination {@code IP:PORT}
   * @param bytes what was sent, in order; repeated segments once
   */
  public record Flow(String source, String destination, byte[] bytes) {
    /** Does the text, as ISO 8859-1, occur? */
    public boolean contains(String text) {
      return new String(bytes, ISO_8859_1).contains(text);
    }

    /** Is every byte part of a TLS record, from the first on? The last may be cut off. */
    public boolean isTls() {
      int at = 0;
      while (at < bytes.length) {
        int type = bytes[at] & 0xff;
        if (type < 20 || type > 23 || (at + 1 < bytes.length && bytes[at + 1] != 3)) {
          return false;
        }
        if (at + 5 > bytes.length) {
          return true;
        }
        at += 5 + ((bytes[at + 3] & 0xff) << 8 | (bytes[at + 4] & 0xff));
      }
      return bytes.length > 0;
    }

    /** The destination's port. */
    public int destinationPort() {
      return Integer.parseInt(destination.substring(destination.lastIndexOf(':') + 1));
    }

    /** The source's port. */
    public int sourcePort() {
      return Integer.parseInt(source.substring(source.lastIndexOf(':') + 1));
    }

    @Override
    public String toString() {
      int shown = Math.min(bytes.length, 60);
      return "%s -> %s, %d bytes: %s"
          .formatted(
              source,
              destination,
              bytes.length,
              new String(bytes, 0, shown, ISO_8859_1).replaceAll("[^ -~]", "."));
    }
  }

  /** All flows of a file that carry at least one byte. */
  public static List<Flow> read(Path file) throws IOException {
    return read(ByteBuffer.wrap(Files.readAllBytes(file)));
  }

  static List<Flow> read(ByteBuffer file) throws IOException {
    int magic = file.order(ByteOrder.LITTLE_ENDIAN).getInt(0);
    if (magic != MAGIC && magic != MAGIC_NANOS) {
      file.order(ByteOrder.BIG_ENDIAN);
      magic = file.getInt(0);
    }
    if ((magic != MAGIC && magic != MAGIC_NANOS) || file.getInt(20) != ETHERNET) {
      throw new IOException("no pcap file of an Ethernet link");
    }
    Map<String, Segments> flows = new LinkedHashMap<>();
    int at = 24;
    while (at + 16 <= file.limit()) {
      int length = file.getInt(at + 8);
      if (at + 16 + length > file.limit()) {
        break;
      }
      packet(file.slice(at + 16, length).order(ByteOrder.BIG_ENDIAN), flows);
      at += 16 + length;
    }
    return flows.values().stream()
        .map(Segments::flow)
        .filter(flow -> flow.bytes().length > 0)
        .toList();
  }

  private static void packet(ByteBuffer frame, Map<String, Segments> flows)
      throws UnknownHostException {
    int type = frame.getShort(12) & 0xffff;
    int tcp;
    int end;
    String source;
    String destination;
    if (type == 0x0800 && frame.get(23) == 6) {
      tcp = 14 + (frame.get(14) & 0xf) * 4;
      end = 14 + (frame.getShort(16) & 0xffff);
      source = address(frame, 26, 4);
      destination = address(frame, 30, 4);
    } else if (type == 0x86dd && frame.get(20) == 6) {
      tcp = 54;
      end = 54 + (frame.getShort(18) & 0xffff);
      source = address(frame, 22, 16);
      destination = address(frame, 38, 16);
    } else {
      return;
    }
    int payload = tcp + ((frame.get(tcp + 12) >> 4) & 0xf) * 4;
    String from = source + ":" + (frame.getShort(tcp) & 0xffff);
    String to = destination + ":" + (frame.getShort(tcp + 2) & 0xffff);
    Segments flow = flows.computeIfAbsent(from + ">" + to, key -> new Segments(from, to));
    int sequence = frame.getInt(tcp + 4);
    boolean syn = (frame.get(tcp + 13) & 2) != 0;
    if (syn) {
      flow.start(sequence + 1);
    } else if (Math.min(end, frame.limit()) > payload) {
      byte[] bytes = new byte[Math.min(end, frame.limit()) - payload];
      frame.get(payload, bytes);
      flow.add(sequence, bytes);
    }
  }

  private static String address(ByteBuffer frame, int at, int length) throws UnknownHostException {
    byte[] bytes = new byte[length];
    frame.get(at, bytes);
    return InetAddress.getByAddress(bytes).getHostAddress();
  }

  private static final class Segments {
    private final String source;
    private final String destination;
    private final TreeMap<Integer, byte[]> byOffset = new TreeMap<>();
    private boolean started;
    private int first;

    Segments(String source, String destination) {
      this.source = source;
      this.destination = destination;
    }

    /** A port used again begins a new connection, which is appended to the one before. */
    void start(int sequence) {
      if (started && sequence != first) {
        int end =
            byOffset.isEmpty() ? 0 : byOffset.lastKey() + byOffset.lastEntry().getValue().length;
        first = sequence - end;
      } else {
        first = sequence;
      }
      started = true;
    }

    void add(int sequence, byte[] bytes) {
      if (!started) {
        start(sequence);
      }
      // Sequence numbers wrap; connections of tests are shorter than that.
      byOffset.merge(sequence - first, bytes, (a, b) -> a.length >= b.length ? a : b);
    }

    Flow flow() {
      var out = new ByteArrayOutputStream();
      for (Map.Entry<Integer, byte[]> segment : byOffset.entrySet()) {
        int known = Math.max(0, out.size() - segment.getKey());
        if (segment.getKey() >= 0 && known < segment.getValue().length) {
          out.write(segment.getValue(), known, segment.getValue().length - known);
        }
      }
      return new Flow(source, destination, out.toByteArray());
    }
  }
}
