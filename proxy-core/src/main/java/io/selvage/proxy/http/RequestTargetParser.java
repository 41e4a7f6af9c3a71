// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import io.selvage.model.routing.Settings;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Parses and normalises request targets (RFC 9112 section 3.2, RFC 3986 sections 3.3, 5.2.4 and
 * 6.2.2), once for routing, rewriting, policy, log and upstream alike. What two parsers could read
 * in two ways is refused (hostile-and-faults rows 9 to 12).
 *
 * <p>Usage: {@link #parse}, and if that returned null, {@link #target()} and, for an absolute form,
 * the range of its authority. Keeps its answer between calls, so that a clean target allocates only
 * its strings; confined to one event loop. Normalising a normalised target changes nothing.
 */
public final class RequestTargetParser {
  private static final RequestTarget ASTERISK = new RequestTarget("*", "", false);

  private static final Rejection BAD_FORM = Rejection.bad("bad_target_form");
  private static final Rejection BAD_CHARACTER = Rejection.bad("bad_target_character");
  private static final Rejection FRAGMENT = Rejection.bad("target_fragment");
  private static final Rejection BACKSLASH = Rejection.bad("target_backslash");
  private static final Rejection BAD_SCHEME = Rejection.bad("bad_target_scheme");

  // Classes of path bytes; 0 is any ordinary one.
  private static final byte SLASH = 1;
  private static final byte ESCAPE = 2;
  private static final byte QUESTION = 3;
  private static final byte BAD = 4;
  private static final byte[] CLASSES = new byte[128];

  static {
    for (int c = 0; c <= ' '; c++) {
      CLASSES[c] = BAD;
    }
    CLASSES[0x7f] = BAD;
    CLASSES['#'] = BAD;
    CLASSES['\\'] = BAD;
    CLASSES['/'] = SLASH;
    CLASSES['%'] = ESCAPE;
    CLASSES['?'] = QUESTION;
  }

  private final PathNormalizer normalizer = new PathNormalizer();
  private RequestTarget target = RequestTarget.ROOT;
  private int authorityFrom;
  private int authorityTo;
  private boolean absolute;

  /**
   * Parses {@code bytes[from, to)}.
   *
   * @param method method of the request: {@code *} is for OPTIONS only
   * @param allowAbsolute true for HTTP/1.1's request line; false for {@code :path}
   * @param settings rules for slashes
   * @return why the target is refused, or null when {@link #target()} holds it
   */
  public @Nullable Rejection parse(
      byte[] bytes, int from, int to, String method, boolean allowAbsolute, Settings settings) {
    absolute = false;
    if (from >= to) {
      return BAD_FORM;
    }
    if (bytes[from] == '/') {
      return parseOrigin(bytes, from, to, settings);
    }
    if (bytes[from] == '*' && to - from == 1) {
      if (!method.equals("OPTIONS")) {
        return BAD_FORM;
      }
      target = ASTERISK;
      return null;
    }
    return allowAbsolute ? parseAbsolute(bytes, from, to, method, settings) : BAD_FORM;
  }

  /**
   * Checks {@code bytes[from, to)} as far as a proxy must that passes every byte on: that it is one
   * target of a known form which cannot end the request line. {@link #target()} then gives it back
   * unchanged, an absolute form whole.
   *
   * @param allowAbsolute true for HTTP/1.1's request line; false for {@code :path}
   * @return why the target is refused, or null
   */
  public @Nullable Rejection parseVerbatim(
      byte[] bytes, int from, int to, String method, boolean allowAbsolute) {
    absolute = false;
    if (from >= to) {
      return BAD_FORM;
    }
    int question = -1;
    for (int i = from; i < to; i++) {
      byte c = bytes[i];
      if (c >= 0 && c <= ' ' || c == 0x7f) {
        return BAD_CHARACTER;
      }
      if (c == '?' && question < 0) {
        question = i;
      }
    }
    boolean asterisk = bytes[from] == '*' && to - from == 1 && method.equals("OPTIONS");
    if (bytes[from] != '/' && !asterisk) {
      if (!allowAbsolute || afterScheme(bytes, from, to) < 0) {
        return BAD_FORM;
      }
      absolute = true;
    }
    int pathTo = question < 0 ? to : question;
    String path = new String(bytes, from, pathTo - from, StandardCharsets.ISO_8859_1);
    String query =
        question < 0
            ? ""
            : new String(bytes, question + 1, to - question - 1, StandardCharsets.ISO_8859_1);
    target = new RequestTarget(path, query, question >= 0);
    return null;
  }

  /** The normalised target of the last successful call. */
  public RequestTarget target() {
    return target;
  }

  /** True if the last target was in absolute form: its authority replaces the Host field's. */
  public boolean isAbsolute() {
    return absolute;
  }

  /** First byte of the authority of an absolute form; to be given to {@link AuthorityParser}. */
  public int authorityFrom() {
    return authorityFrom;
  }

  /** Just after the authority of an absolute form. */
  public int authorityTo() {
    return authorityTo;
  }

  /** RFC 9112, section 3.2.2: a server must accept it although few clients send it. */
  private @Nullable Rejection parseAbsolute(
      byte[] bytes, int from, int to, String method, Settings settings) {
    int start = afterScheme(bytes, from, to);
    if (start < 0) {
      return BAD_SCHEME;
    }
    int end = start;
    while (end < to && bytes[end] != '/' && bytes[end] != '?' && bytes[end] != '#') {
      end++;
    }
    if (end == start) {
      return BAD_FORM;
    }
    if (end == to) {
      // Without path and query OPTIONS means the server itself (RFC 9112, section 3.2.4).
      target = method.equals("OPTIONS") ? ASTERISK : RequestTarget.ROOT;
    } else {
      Rejection rejection =
          bytes[end] == '?'
              ? parseQuery(bytes, end + 1, to, "/")
              : parseOrigin(bytes, end, to, settings);
      if (rejection != null) {
        return rejection;
      }
    }
    absolute = true;
    authorityFrom = start;
    authorityTo = end;
    return null;
  }

  private @Nullable Rejection parseOrigin(byte[] bytes, int from, int to, Settings settings) {
    int at = from;
    boolean clean = true;
    while (at < to) {
      byte c = bytes[at];
      byte type = c < 0 ? BAD : CLASSES[c];
      if (type == QUESTION) {
        break;
      }
      if (type == SLASH) {
        clean &= !needsCare(bytes, at + 1, to);
      } else if (type == ESCAPE) {
        clean = false;
      } else if (type == BAD) {
        return rejection(c);
      }
      at++;
    }
    String path;
    if (clean) {
      path = new String(bytes, from, at - from, StandardCharsets.ISO_8859_1);
    } else {
      Rejection rejection =
          normalizer.normalize(
              bytes, from, at, settings.mergeSlashes(), settings.rejectEscapedSlashes());
      if (rejection != null) {
        return rejection;
      }
      path = normalizer.path();
    }
    if (at == to) {
      target = new RequestTarget(path, "", false);
      return null;
    }
    return parseQuery(bytes, at + 1, to, path);
  }

  private @Nullable Rejection parseQuery(byte[] bytes, int from, int to, String path) {
    for (int i = from; i < to; i++) {
      byte c = bytes[i];
      // The query is the backend's to interpret, escapes included; only what would break a request
      // line is refused.
      if (c <= ' ' || c == 0x7f || c == '#') {
        return rejection(c);
      }
    }
    target =
        new RequestTarget(
            path, new String(bytes, from, to - from, StandardCharsets.ISO_8859_1), true);
    return null;
  }

  private static Rejection rejection(byte c) {
    return switch (c) {
      case '#' -> FRAGMENT;
      case '\\' -> BACKSLASH;
      default -> BAD_CHARACTER;
    };
  }

  /** True if a segment that begins at {@code at} is empty or might be a dot segment. */
  private static boolean needsCare(byte[] bytes, int at, int to) {
    if (at >= to) {
      return false;
    }
    byte c = bytes[at];
    if (c == '/') {
      return true;
    }
    if (c != '.') {
      return false;
    }
    if (at + 1 >= to) {
      return true;
    }
    // .well-known and the like go the fast way.
    byte next = bytes[at + 1];
    return next == '/' || next == '.' || next == ';' || next == '%' || next == '?';
  }

  /** Index after {@code http://} or {@code https://}, or -1. */
  private static int afterScheme(byte[] bytes, int from, int to) {
    int at = matchIgnoreCase(bytes, from, to, "http");
    if (at < 0) {
      return -1;
    }
    if (at < to && (bytes[at] | 0x20) == 's') {
      at++;
    }
    return matchIgnoreCase(bytes, at, to, "://");
  }

  private static int matchIgnoreCase(byte[] bytes, int from, int to, String lower) {
    if (to - from < lower.length()) {
      return -1;
    }
    for (int i = 0; i < lower.length(); i++) {
      byte c = bytes[from + i];
      if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != lower.charAt(i)) {
        return -1;
      }
    }
    return from + lower.length();
  }
}
