// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Tells what a client speaks from the first bytes it sends, however they are cut into pieces. It
 * answers as soon as no further byte could change the answer, and remembers a few numbers instead
 * of the bytes, so it may look at any length.
 *
 * <p>HTTP/1.x is recognised generously: a token, a blank, and {@code HTTP/} at the beginning of the
 * line's last word. Servers differ in what they let pass, and a request that we took for raw bytes
 * would reach the application with its {@code selvage-client-id} field unchecked; the codec refuses
 * what is malformed. Text that only mentions HTTP, such as a line of an access log, is none.
 */
public final class FirstBytes {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] VERSION = "http/".getBytes(StandardCharsets.US_ASCII);

  /** Longest method: registered ones have at most 17 letters. */
  private static final int LONGEST_METHOD = 32;

  /** Handshake record, and a ClientHello in it. */
  private static final int TLS_HANDSHAKE = 0x16;

  private static final int TLS_MAJOR = 3;
  private static final int TLS_CLIENT_HELLO = 1;
  private static final int TLS_CERTAIN = 6;

  private enum Line {
    /** Empty lines before a request line are to be skipped (RFC 9112, section 2.2). */
    LEADING,
    METHOD,
    REST
  }

  private long count;
  private boolean tls = true;
  private boolean preface = true;
  private boolean http1 = true;

  private Line line = Line.LEADING;
  private int methodLength;

  /** Letters of {@link #VERSION} matched at the start of the current word; -1 = another word. */
  private int matched;

  private boolean inWord;
  private boolean lastWordIsVersion;
  private boolean lineEnded;
  private boolean capitals = true;
  private boolean targetBegun;
  private @Nullable Protocol decided;

  /**
   * Looks at more bytes, without consuming them.
   *
   * @param from index of the first byte not looked at before
   * @param to behind the last
   * @return the answer once it is certain; null while it is not
   */
  public @Nullable Protocol look(ByteBuf bytes, int from, int to) {
    for (int i = from; i < to && decided == null; i++) {
      decided = next(bytes.getByte(i) & 0xff);
    }
    return decided;
  }

  /** The answer; null while it is not certain. */
  public @Nullable Protocol decided() {
    return decided;
  }

  /** Whether everything so far could be the beginning of a ClientHello. */
  public boolean mayBeTls() {
    return tls;
  }

  /**
   * Whether everything so far is most likely a request whose line has not ended: a method in
   * capital letters and the beginning of a path or an absolute URI.
   */
  public boolean looksLikeRequest() {
    return http1 && line == Line.REST && capitals && targetBegun;
  }

  private @Nullable Protocol next(int b) {
    if (tls) {
      tls = mayBeTls(b);
    }
    if (preface) {
      preface = (PREFACE[(int) count] & 0xff) == b;
    }
    count++;
    if (tls) {
      return count == TLS_CERTAIN ? Protocol.TLS : null;
    }
    if (preface && count == PREFACE.length) {
      return Protocol.HTTP2;
    }
    if (http1 && !lineEnded) {
      lineEnded = nextOfLine(b);
    }
    if (preface) {
      return null; // its first line would pass for HTTP/1 otherwise
    }
    if (lineEnded) {
      return lastWordIsVersion ? Protocol.HTTP1 : Protocol.RAW;
    }
    return http1 ? null : Protocol.RAW;
  }

  private boolean mayBeTls(int b) {
    return switch ((int) count) {
      case 0 -> b == TLS_HANDSHAKE;
      case 1 -> b == TLS_MAJOR;
      case 5 -> b == TLS_CLIENT_HELLO;
      default -> true;
    };
  }

  /** Returns true at the end of the request line; clears {@link #http1} where it cannot be one. */
  private boolean nextOfLine(int b) {
    return switch (line) {
      case LEADING -> {
        if (b != '\r' && b != '\n') {
          line = Line.METHOD;
          nextOfMethod(b);
        }
        yield false;
      }
      case METHOD -> {
        nextOfMethod(b);
        yield false;
      }
      case REST -> nextOfRest(b);
    };
  }

  private void nextOfMethod(int b) {
    if (isTokenChar(b) && methodLength < LONGEST_METHOD) {
      methodLength++;
      capitals &= b >= 'A' && b <= 'Z';
    } else if (methodLength > 0 && isBlank(b)) {
      line = Line.REST;
    } else {
      http1 = false;
    }
  }

  /** Nothing but the line's end decides here: there are servers that let any byte pass. */
  private boolean nextOfRest(int b) {
    if (b == '\n' || isBlank(b) || b == '\r') {
      if (inWord) {
        lastWordIsVersion = matched == VERSION.length;
        inWord = false;
      }
      return b == '\n';
    }
    if (!inWord) {
      inWord = true;
      matched = 0;
      targetBegun |= b == '/' || b == 'h';
    }
    if (matched >= 0 && matched < VERSION.length) {
      matched = (b | 0x20) == VERSION[matched] || b == VERSION[matched] ? matched + 1 : -1;
    }
    return false;
  }

  private static boolean isBlank(int b) {
    return b == ' ' || b == '\t';
  }

  /** RFC 9110, section 5.6.2. */
  private static boolean isTokenChar(int b) {
    return b >= '0' && b <= '9'
        || b >= 'A' && b <= 'Z'
        || b >= 'a' && b <= 'z'
        || b < 0x80 && "!#$%&'*+-.^_`|~".indexOf(b) >= 0;
  }
}
