// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the server name and the protocols offered out of a ClientHello (RFC 8446 section 4.1.2, RFC
 * 6066 section 3, RFC 7301 section 3.1) as its bytes arrive, without answering and without
 * consuming them. The hello may be spread over records and segments in any way; what is kept is
 * bounded by the limit given, not by the length the client claims. Confined to one event loop.
 */
public final class ClientHello {
  /** First byte of a TLS handshake record. */
  public static final int HANDSHAKE_RECORD = 0x16;

  private static final int RECORD_HEADER = 5;
  private static final int MESSAGE_HEADER = 4;
  private static final int MAX_RECORD = 1 << 14;
  private static final int CLIENT_HELLO = 1;
  private static final int SERVER_NAME_EXTENSION = 0;
  private static final int ALPN_EXTENSION = 16;
  private static final int MAX_NAME = 255;

  /** Protocols that are kept; nobody offers more than a handful. */
  private static final int MAX_PROTOCOLS = 16;

  /** How far the hello has come. */
  public enum State {
    /** More bytes are needed. */
    INCOMPLETE,
    /** {@link #serverName()} is known. */
    COMPLETE,
    /** Not a TLS handshake, or one that breaks the format. */
    MALFORMED,
    /** Longer than the limit. */
    TOO_LONG
  }

  private final int maxBytes;

  /** The handshake message so far, record headers taken out. */
  private byte[] message = new byte[512];

  private int messageLength;
  private int recordLeft;
  private int consumed;
  private State state = State.INCOMPLETE;
  private @Nullable String serverName;
  private List<String> protocols = List.of();

  /**
   * @param maxBytes of the handshake message
   */
  public ClientHello(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** SNI in lower case without trailing dot; null when the client sent none. */
  public @Nullable String serverName() {
    return serverName;
  }

  /**
   * What ALPN offers, in the client's order, each byte a character; the first 16 of them. Empty
   * when the client offers nothing.
   */
  public List<String> protocols() {
    return protocols;
  }

  /**
   * Goes on where the last call ended.
   *
   * @param received everything received so far, from the first byte; its indexes are not moved
   */
  public State read(ByteBuf received) {
    while (state == State.INCOMPLETE) {
      int at = received.readerIndex() + consumed;
      int available = received.writerIndex() - at;
      if (recordLeft == 0) {
        if (available < RECORD_HEADER) {
          // A wrong first byte is told at once: it will not get better.
          if (available > 0 && received.getByte(at) != HANDSHAKE_RECORD) {
            state = State.MALFORMED;
          }
          break;
        }
        beginRecord(received, at);
      } else if (available == 0) {
        break;
      } else {
        append(received, at, Math.min(available, recordLeft));
      }
    }
    return state;
  }

  private void beginRecord(ByteBuf received, int at) {
    int length = received.getUnsignedShort(at + 3);
    if (received.getByte(at) != HANDSHAKE_RECORD
        || received.getByte(at + 1) != 3
        || length == 0
        || length > MAX_RECORD) {
      state = State.MALFORMED;
      return;
    }
    consumed += RECORD_HEADER;
    recordLeft = length;
    // A hello cut into tiny records costs us their headers too: bounded at the same again.
    if (consumed - messageLength > maxBytes) {
      state = State.TOO_LONG;
    }
  }

  private void append(ByteBuf received, int at, int length) {
    int wanted = Math.min(length, maxBytes + MESSAGE_HEADER - messageLength);
    if (messageLength + wanted > message.length) {
      int grown = Math.max(message.length * 2, messageLength + wanted);
      message = Arrays.copyOf(message, Math.min(grown, maxBytes + MESSAGE_HEADER));
    }
    received.getBytes(at, message, messageLength, wanted);
    messageLength += wanted;
    consumed += length;
    recordLeft -= length;
    if (messageLength < MESSAGE_HEADER) {
      return;
    }
    int bodyLength = (message[1] & 0xff) << 16 | uint16(2);
    if (message[0] != CLIENT_HELLO) {
      state = State.MALFORMED;
    } else if (bodyLength > maxBytes) {
      state = State.TOO_LONG;
    } else if (messageLength >= MESSAGE_HEADER + bodyLength) {
      state = parse(MESSAGE_HEADER + bodyLength) ? State.COMPLETE : State.MALFORMED;
    }
  }

  private boolean parse(int end) {
    int at = MESSAGE_HEADER + 2 + 32;
    if (at >= end || uint8(at) > 32) {
      return false;
    }
    at += 1 + uint8(at);
    if (at + 2 > end || uint16(at) < 2 || (uint16(at) & 1) != 0) {
      return false;
    }
    at += 2 + uint16(at);
    if (at >= end) {
      return false;
    }
    at += 1 + uint8(at);
    if (at >= end) {
      // TLS 1.2 without extensions ends exactly here.
      return at == end;
    }
    if (at + 2 > end || at + 2 + uint16(at) != end) {
      return false;
    }
    return parseExtensions(at + 2, end);
  }

  private boolean parseExtensions(int from, int end) {
    boolean seen = false;
    boolean alpnSeen = false;
    int at = from;
    while (at < end) {
      if (at + 4 > end || at + 4 + uint16(at + 2) > end) {
        return false;
      }
      int type = uint16(at);
      int next = at + 4 + uint16(at + 2);
      if (type == SERVER_NAME_EXTENSION) {
        if (seen || !parseServerNames(at + 4, next)) {
          return false;
        }
        seen = true;
      } else if (type == ALPN_EXTENSION) {
        if (alpnSeen || !parseProtocols(at + 4, next)) {
          return false;
        }
        alpnSeen = true;
      }
      at = next;
    }
    return true;
  }

  /** One host_name entry is all RFC 6066 leaves room for. */
  private boolean parseServerNames(int from, int end) {
    if (from + 5 > end || from + 2 + uint16(from) != end || uint8(from + 2) != 0) {
      return false;
    }
    int length = uint16(from + 3);
    int start = from + 5;
    if (length == 0 || length > MAX_NAME || start + length != end) {
      return false;
    }
    for (int i = start; i < end; i++) {
      // Letters, digits, dot, hyphen and underscore; anything else is no DNS name and would reach
      // logs and look-ups.
      int c = message[i];
      boolean name =
          c >= 'a' && c <= 'z'
              || c >= 'A' && c <= 'Z'
              || c >= '0' && c <= '9'
              || c == '.'
              || c == '-'
              || c == '_';
      if (!name) {
        return false;
      }
    }
    String name = new String(message, start, length, StandardCharsets.US_ASCII);
    name = name.toLowerCase(Locale.ROOT);
    serverName = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    return true;
  }

  /** A list of names of 1 to 255 bytes that fills its extension. */
  private boolean parseProtocols(int from, int end) {
    if (from + 2 > end || uint16(from) < 2 || from + 2 + uint16(from) != end) {
      return false;
    }
    List<String> offered = new ArrayList<>(4);
    int at = from + 2;
    while (at < end) {
      int length = uint8(at);
      if (length == 0 || at + 1 + length > end) {
        return false;
      }
      if (offered.size() < MAX_PROTOCOLS) {
        offered.add(new String(message, at + 1, length, StandardCharsets.ISO_8859_1));
      }
      at += 1 + length;
    }
    protocols = List.copyOf(offered);
    return true;
  }

  private int uint8(int at) {
    return message[at] & 0xff;
  }

  private int uint16(int at) {
    return (message[at] & 0xff) << 8 | message[at + 1] & 0xff;
  }
}
