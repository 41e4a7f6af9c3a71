// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A PROXY protocol header, version 1 or 2 (haproxy.org, proxy-protocol.txt, sections 2.1 and 2.2),
 * read strictly: what is not exactly as specified ends the connection, because an address believed
 * by mistake is a forged client.
 *
 * @param source the real client; null when the header says the connection is the proxy's own
 *     (LOCAL, UNKNOWN) or of a family without ports
 * @param destination where the client connected to; null as above
 * @param length bytes of the header
 */
record ProxyHeader(
    @Nullable InetSocketAddress source, @Nullable InetSocketAddress destination, int length) {

  /** Longest version 1 line by its specification, CRLF included. */
  static final int V1_MAX = 107;

  private static final byte[] V1_START = "PROXY ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] V2_START = {
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A
  };
  private static final int V2_FIXED = 16;
  private static final int LOCAL = 0x20;
  private static final int PROXY = 0x21;

  /** The header is not valid; the message names the rule, not the bytes. */
  static final class InvalidException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidException(String rule) {
      super(rule, null, false, false);
    }
  }

  /**
   * Reads the header at the reader index without moving it.
   *
   * @param maxBytes greatest version 2 header, TLVs included
   * @return null when more bytes are needed
   * @throws InvalidException when it is not a PROXY header, or breaks a rule
   */
  static @Nullable ProxyHeader parse(ByteBuf in, int maxBytes) throws InvalidException {
    if (!in.isReadable()) {
      return null;
    }
    return in.getByte(in.readerIndex()) == V1_START[0] ? parseV1(in) : parseV2(in, maxBytes);
  }

  private static boolean startsWith(ByteBuf in, byte[] start) {
    int length = Math.min(start.length, in.readableBytes());
    for (int i = 0; i < length; i++) {
      if (in.getByte(in.readerIndex() + i) != start[i]) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable ProxyHeader parseV1(ByteBuf in) throws InvalidException {
    if (!startsWith(in, V1_START)) {
      throw new InvalidException("no PROXY signature");
    }
    int from = in.readerIndex();
    int lf = in.indexOf(from, from + Math.min(in.readableBytes(), V1_MAX), (byte) '\n');
    if (lf < 0) {
      if (in.readableBytes() >= V1_MAX) {
        throw new InvalidException("version 1 line is too long");
      }
      return null;
    }
    if (in.getByte(lf - 1) != '\r') {
      throw new InvalidException("version 1 line does not end in CRLF");
    }
    String line = in.toString(from, lf - 1 - from, StandardCharsets.US_ASCII);
    int length = lf + 1 - from;
    String[] words = line.split(" ", -1);
    if (words[1].equals("UNKNOWN")) {
      // Anything may follow up to the CRLF and is to be ignored.
      return new ProxyHeader(null, null, length);
    }
    if (words.length != 6) {
      throw new InvalidException("version 1 line has not six words");
    }
    boolean v6 = words[1].equals("TCP6");
    if (!v6 && !words[1].equals("TCP4")) {
      throw new InvalidException("unknown version 1 protocol");
    }
    return new ProxyHeader(
        new InetSocketAddress(address(words[2], v6), port(words[4])),
        new InetSocketAddress(address(words[3], v6), port(words[5])),
        length);
  }

  private static InetAddress address(String text, boolean v6) throws InvalidException {
    boolean valid = v6 ? NetUtil.isValidIpV6Address(text) : NetUtil.isValidIpV4Address(text);
    // Brackets and zones are accepted by the validator but not by the specification.
    if (!valid || text.indexOf('%') >= 0 || text.indexOf('[') >= 0) {
      throw new InvalidException("bad version 1 address");
    }
    return address(NetUtil.createByteArrayFromIpAddressString(text.toLowerCase(Locale.ROOT)));
  }

  private static InetAddress address(byte[] bytes) throws InvalidException {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new InvalidException("bad address length");
    }
  }

  private static int port(String text) throws InvalidException {
    boolean canonical =
        !text.isEmpty() && text.length() <= 5 && (text.length() == 1 || text.charAt(0) != '0');
    int value = 0;
    for (int i = 0; canonical && i < text.length(); i++) {
      int digit = text.charAt(i) - '0';
      canonical = digit >= 0 && digit <= 9;
      value = value * 10 + digit;
    }
    if (!canonical || value > 65535) {
      throw new InvalidException("bad version 1 port");
    }
    return value;
  }

  private static @Nullable ProxyHeader parseV2(ByteBuf in, int maxBytes) throws InvalidException {
    if (!startsWith(in, V2_START)) {
      throw new InvalidException("no PROXY signature");
    }
    if (in.readableBytes() < V2_FIXED) {
      return null;
    }
    int from = in.readerIndex();
    int command = in.getUnsignedByte(from + 12);
    if (command != LOCAL && command != PROXY) {
      throw new InvalidException("unknown version 2 command");
    }
    int length = V2_FIXED + in.getUnsignedShort(from + 14);
    if (length > maxBytes) {
      throw new InvalidException("version 2 header is too long");
    }
    int family = in.getUnsignedByte(from + 13);
    int addressLength = addressLength(family);
    if (command == PROXY && length < V2_FIXED + addressBlock(family, addressLength)) {
      throw new InvalidException("version 2 header is shorter than its addresses");
    }
    if (in.readableBytes() < length) {
      return null;
    }
    if (command == LOCAL || addressLength == 0) {
      return new ProxyHeader(null, null, length);
    }
    int at = from + V2_FIXED;
    InetAddress source = address(ByteBufUtil.getBytes(in, at, addressLength));
    InetAddress destination = address(ByteBufUtil.getBytes(in, at + addressLength, addressLength));
    int ports = at + 2 * addressLength;
    return new ProxyHeader(
        new InetSocketAddress(source, in.getUnsignedShort(ports)),
        new InetSocketAddress(destination, in.getUnsignedShort(ports + 2)),
        length);
  }

  /** Bytes of one address of a stream family with ports; 0 for the other families. */
  private static int addressLength(int family) throws InvalidException {
    return switch (family) {
      case 0x11 -> 4;
      case 0x21 -> 16;
      // Unspecified, datagrams and UNIX sockets: valid, without an address we could use.
      case 0x00, 0x12, 0x22, 0x31, 0x32 -> 0;
      default -> throw new InvalidException("unknown version 2 address family");
    };
  }

  private static int addressBlock(int family, int addressLength) {
    return switch (family) {
      case 0x12 -> 12;
      case 0x22 -> 36;
      case 0x31, 0x32 -> 216;
      default -> addressLength == 0 ? 0 : 2 * addressLength + 4;
    };
  }
}
