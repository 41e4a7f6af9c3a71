// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import io.netty.util.NetUtil;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Parses the value of Host or {@code :authority} (RFC 3986 section 3.2, RFC 9110 section 7.2).
 * Stricter than the RFC where its freedom only serves attacks: no userinfo, no escapes, no empty
 * port. Confined to one event loop; remembers the last value, which on a connection is nearly
 * always the next one too.
 */
public final class AuthorityParser {
  /** Longest name in characters, without a trailing dot (RFC 1035, section 2.3.4). */
  public static final int MAX_HOST_LENGTH = 253;

  private static final Rejection EMPTY = Rejection.bad("empty_host");
  private static final Rejection BAD_HOST = Rejection.bad("bad_host");
  private static final Rejection BAD_PORT = Rejection.bad("bad_host_port");
  private static final Rejection USERINFO = Rejection.bad("host_userinfo");
  private static final Rejection TOO_LONG = Rejection.bad("host_too_long");

  private byte[] last = new byte[64];
  private int lastLength = -1;
  private int lastStripPort;

  private String authority = "";
  private String host = "";
  private int port = -1;

  /**
   * Parses {@code bytes[from, to)}.
   *
   * @param stripPort a port to leave out of {@link #authority()} (strip_matching_host_port: the
   *     listener's); -1 = none
   * @return why it is refused, or null when the accessors hold it
   */
  public @Nullable Rejection parse(byte[] bytes, int from, int to, int stripPort) {
    int length = to - from;
    if (length == lastLength
        && stripPort == lastStripPort
        && Arrays.equals(last, 0, length, bytes, from, to)) {
      return null;
    }
    lastLength = -1;
    Rejection rejection = parseAnew(bytes, from, to, stripPort);
    if (rejection == null) {
      if (last.length < length) {
        last = new byte[length];
      }
      System.arraycopy(bytes, from, last, 0, length);
      lastLength = length;
      lastStripPort = stripPort;
    }
    return rejection;
  }

  /** As the client sent it, without a stripped port. */
  public String authority() {
    return authority;
  }

  /** Lower case, without port, brackets and trailing dot. */
  public String host() {
    return host;
  }

  /** 1..65535, or -1 when none was given. */
  public int port() {
    return port;
  }

  private @Nullable Rejection parseAnew(byte[] bytes, int from, int to, int stripPort) {
    if (from >= to) {
      return EMPTY;
    }
    int hostEnd = bytes[from] == '[' ? afterBracket(bytes, from, to) : colon(bytes, from, to);
    if (hostEnd < 0) {
      return BAD_HOST;
    }
    int newPort = -1;
    if (hostEnd < to) {
      newPort = bytes[hostEnd] == ':' ? port(bytes, hostEnd + 1, to) : -1;
      if (newPort < 0) {
        // user:password@host looks like a port that is none.
        return contains(bytes, from, to, '@') ? USERINFO : BAD_PORT;
      }
    }
    String name;
    if (bytes[from] == '[') {
      name = text(bytes, from + 1, hostEnd - 1);
      // A zone is for the node it names only (RFC 6874).
      if (name.indexOf('%') >= 0 || !NetUtil.isValidIpV6Address(name)) {
        return BAD_HOST;
      }
      name = lower(bytes, from + 1, hostEnd - 1);
    } else {
      int nameEnd = hostEnd > from && bytes[hostEnd - 1] == '.' ? hostEnd - 1 : hostEnd;
      Rejection rejection = checkName(bytes, from, nameEnd);
      if (rejection != null) {
        return rejection;
      }
      name = lower(bytes, from, nameEnd);
    }
    host = name;
    port = newPort;
    authority = text(bytes, from, newPort >= 0 && newPort == stripPort ? hostEnd : to);
    return null;
  }

  private static @Nullable Rejection checkName(byte[] bytes, int from, int to) {
    if (from == to) {
      return EMPTY;
    }
    if (to - from > MAX_HOST_LENGTH) {
      return TOO_LONG;
    }
    byte previous = '.';
    for (int i = from; i < to; i++) {
      byte c = bytes[i];
      if (c == '@') {
        return USERINFO;
      }
      // An empty label makes two spellings of one name.
      if (!isNameCharacter(c) || (c == '.' && previous == '.')) {
        return BAD_HOST;
      }
      previous = c;
    }
    return previous == '.' ? BAD_HOST : null;
  }

  /** Letters, digits, hyphen, dot, and the underscore that names of workloads do carry. */
  private static boolean isNameCharacter(byte c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '.'
        || c == '_';
  }

  /** Index just after the bracket that closes an IPv6 literal, or -1. */
  private static int afterBracket(byte[] bytes, int from, int to) {
    for (int i = from + 1; i < to; i++) {
      if (bytes[i] == ']') {
        return i + 1;
      }
    }
    return -1;
  }

  private static int colon(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] == ':') {
        return i;
      }
    }
    return to;
  }

  /** 1..65535 in at most five digits, or -1. */
  private static int port(byte[] bytes, int from, int to) {
    if (from == to || to - from > 5) {
      return -1;
    }
    int value = 0;
    for (int i = from; i < to; i++) {
      if (bytes[i] < '0' || bytes[i] > '9') {
        return -1;
      }
      value = value * 10 + bytes[i] - '0';
    }
    return value >= 1 && value <= 65535 ? value : -1;
  }

  private static boolean contains(byte[] bytes, int from, int to, char wanted) {
    for (int i = from; i < to; i++) {
      if (bytes[i] == wanted) {
        return true;
      }
    }
    return false;
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }

  private static String lower(byte[] bytes, int from, int to) {
    byte[] copy = Arrays.copyOfRange(bytes, from, to);
    for (int i = 0; i < copy.length; i++) {
      if (copy[i] >= 'A' && copy[i] <= 'Z') {
        copy[i] |= 0x20;
      }
    }
    return text(copy, 0, copy.length);
  }
}
