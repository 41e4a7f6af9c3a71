// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.model.routing.Settings;
import io.selvage.proxy.http.AuthorityParser;
import io.selvage.proxy.http.FieldText;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTargetParser;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Builds a RequestHead from a decoded header block and judges it (RFC 9113 section 8). Two kinds of
 * verdict: a malformed request, which is answered by RST_STREAM, and a request that is well formed
 * but refused, which gets a status. One per connection, reused.
 */
final class RequestFields implements HpackDecoder.FieldSink {
  private static final byte[] TRAILERS = "trailers".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CONTINUE = "100-continue".getBytes(StandardCharsets.US_ASCII);

  private final Limits.Request limits;
  private final boolean verbatim;
  private final RequestTargetParser targetParser = new RequestTargetParser();
  private final AuthorityParser authorityParser = new AuthorityParser();

  private HeaderBlock block = new HeaderBlock();
  private Settings settings = Settings.defaults();
  private int stripPort;
  private int bytes;
  private int count;
  private int cookies;
  private boolean sawRegular;
  private long contentLength;
  private boolean expectContinue;
  private boolean oversized;
  private @Nullable String malformed;
  private @Nullable Rejection refused;

  private @Nullable String method;
  private @Nullable String scheme;
  private @Nullable String protocol;
  private final Text path = new Text();
  private final Text authority = new Text();
  private final Text host = new Text();

  /**
   * @param verbatim messages pass unchanged: only their framing is judged
   */
  RequestFields(Limits.Request limits, boolean verbatim) {
    this.limits = limits;
    this.verbatim = verbatim;
  }

  /** Bytes of a value that outlive the decoder's call. */
  private static final class Text {
    private byte[] bytes = new byte[256];
    private int from;
    private int to;
    private boolean present;

    void clear() {
      present = false;
    }

    /** False if there is a value already. */
    boolean set(byte[] line, int valueFrom, int length, @Nullable HpackField field) {
      if (present) {
        return false;
      }
      present = true;
      if (field != null) {
        // A table entry never changes.
        bytes = line;
        from = valueFrom;
      } else {
        // Never written over: the array may belong to a table entry.
        bytes = Arrays.copyOfRange(line, valueFrom, valueFrom + length);
        from = 0;
      }
      to = from + length;
      return true;
    }

    boolean isEmpty() {
      return from == to;
    }

    boolean contains(char c) {
      for (int i = from; i < to; i++) {
        if (bytes[i] == c) {
          return true;
        }
      }
      return false;
    }

    boolean equalsIgnoreCase(Text other) {
      if (to - from != other.to - other.from) {
        return false;
      }
      for (int i = 0; i < to - from; i++) {
        if (Character.toLowerCase((char) (bytes[from + i] & 0xff))
            != Character.toLowerCase((char) (other.bytes[other.from + i] & 0xff))) {
          return false;
        }
      }
      return true;
    }

    @Override
    public String toString() {
      return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    }
  }

  /**
   * Begins a request whose fields go to {@code target}.
   *
   * @param localPort port the client connected to, for strip_matching_host_port
   */
  void begin(RequestHead target, Settings current, int localPort) {
    block = target.headers();
    stripPort = current.stripMatchingHostPort() ? localPort : -1;
    settings = current;
    bytes = 0;
    count = 0;
    cookies = 0;
    sawRegular = false;
    contentLength = -1;
    expectContinue = false;
    oversized = false;
    malformed = null;
    refused = null;
    method = null;
    scheme = null;
    protocol = null;
    path.clear();
    authority.clear();
    host.clear();
  }

  @Override
  public void onField(
      byte[] line, int nameLength, int valueLength, int id, int kind, @Nullable HpackField field) {
    bytes += nameLength + valueLength + 4;
    if (bytes > settings.maxRequestHeaderBytes() || bytes > limits.headerBytes()) {
      oversized = true;
    }
    if (kind == HpackField.REGULAR) {
      sawRegular = true;
      if (++count > limits.headerCount()) {
        oversized = true;
      }
      if (!oversized) {
        regular(line, nameLength, valueLength, id, field);
      }
      return;
    }
    if (kind == HpackField.BAD_NAME || kind == HpackField.BAD_VALUE) {
      malformed = kind == HpackField.BAD_NAME ? "bad_header_name" : "bad_header_value";
      return;
    }
    if (sawRegular) {
      malformed = "late_pseudo_header";
      return;
    }
    pseudo(line, nameLength + 2, valueLength, kind, field);
  }

  private void pseudo(
      byte[] line, int valueFrom, int valueLength, int kind, @Nullable HpackField field) {
    boolean first =
        switch (kind) {
          case HpackField.METHOD -> {
            boolean f = method == null;
            method = text(line, valueFrom, valueLength, field);
            yield f;
          }
          case HpackField.SCHEME -> {
            boolean f = scheme == null;
            scheme = text(line, valueFrom, valueLength, field);
            yield f;
          }
          case HpackField.PROTOCOL -> {
            boolean f = protocol == null;
            protocol = text(line, valueFrom, valueLength, field);
            yield f;
          }
          case HpackField.PATH -> path.set(line, valueFrom, valueLength, field);
          case HpackField.AUTHORITY -> authority.set(line, valueFrom, valueLength, field);
          default -> {
            malformed = "unknown_pseudo_header";
            yield true;
          }
        };
    if (!first) {
      malformed = "duplicate_pseudo_header";
    }
  }

  private static String text(
      byte[] line, int valueFrom, int valueLength, @Nullable HpackField field) {
    return field != null
        ? field.value()
        : new String(line, valueFrom, valueLength, StandardCharsets.ISO_8859_1);
  }

  private void regular(
      byte[] line, int nameLength, int valueLength, int id, @Nullable HpackField field) {
    int valueFrom = nameLength + 2;
    switch (id) {
      case HeaderName.CONNECTION,
          HeaderName.KEEP_ALIVE,
          HeaderName.PROXY_CONNECTION,
          HeaderName.TRANSFER_ENCODING,
          HeaderName.UPGRADE -> {
        // RFC 9113 section 8.2.2.
        malformed = "connection_header";
        return;
      }
      case HeaderName.TE -> {
        if (!HeaderName.equalsIgnoreCase(TRAILERS, line, valueFrom, valueLength)) {
          malformed = "bad_te";
          return;
        }
      }
      case HeaderName.HOST -> {
        // Not kept: the target's authority stands for both.
        if (!host.set(line, valueFrom, valueLength, field)) {
          malformed = "two_hosts";
        }
        return;
      }
      case HeaderName.CONTENT_LENGTH -> {
        if (contentLength >= 0) {
          malformed = "two_content_lengths";
          return;
        }
        contentLength = FieldText.contentLength(line, valueFrom, valueFrom + valueLength);
        if (contentLength < 0) {
          malformed = "bad_content_length";
          return;
        }
      }
      case HeaderName.EXPECT -> {
        if (HeaderName.equalsIgnoreCase(CONTINUE, line, valueFrom, valueLength)) {
          expectContinue = true;
        } else if (!verbatim) {
          refused = new Rejection(417, "unknown_expectation", false);
        }
      }
      case HeaderName.COOKIE -> cookies++;
      case HeaderName.OTHER -> {
        if (hasUnderscore(line, nameLength) && !keepsUnderscore()) {
          return;
        }
      }
      default -> {
        // Nothing to check.
      }
    }
    block.addLine(line, nameLength, valueLength, id);
  }

  private static boolean hasUnderscore(byte[] line, int nameLength) {
    for (int i = 0; i < nameLength; i++) {
      if (FieldText.classOf(line[i]) == FieldText.UNDERSCORE) {
        return true;
      }
    }
    return false;
  }

  private boolean keepsUnderscore() {
    switch (settings.underscores()) {
      case ALLOW -> {
        return true;
      }
      case DROP -> {
        return false;
      }
      case REJECT -> refused = new Rejection(400, "underscore_in_name", false);
    }
    return false;
  }

  /**
   * Fills the head.
   *
   * @param end END_STREAM came with the block
   * @param connectProtocol whether we announced extended CONNECT
   * @return why the request is malformed (RST_STREAM), or null
   */
  @Nullable String finish(RequestHead head, boolean end, boolean connectProtocol) {
    String m = method;
    if (malformed == null) {
      malformed = structure(m, end, connectProtocol);
    }
    if (malformed != null || m == null) {
      return malformed;
    }
    if (refused == null) {
      refused = refusal(head, m);
    }
    if (cookies > 1 && !verbatim) {
      joinCookies();
    }
    head.setMethod(m);
    boolean announce = end && contentLength < 0 && announcesLength(m) && !verbatim;
    head.setBody(!end, announce ? 0 : contentLength);
    head.setExpectContinue(expectContinue && !end);
    return null;
  }

  /** What must hold of any request (RFC 9113 sections 8.3.1 and 8.1.1). */
  private @Nullable String structure(@Nullable String m, boolean end, boolean connectProtocol) {
    if (m == null || m.isEmpty()) {
      return "no_method";
    }
    boolean plainConnect = m.equals("CONNECT") && protocol == null;
    if (protocol != null && !(m.equals("CONNECT") && connectProtocol)) {
      return "unexpected_protocol";
    }
    if (plainConnect) {
      return path.present || scheme != null || !authority.present ? "bad_connect" : null;
    }
    if (scheme == null || !path.present || path.isEmpty()) {
      return scheme == null ? "no_scheme" : "no_path";
    }
    if (authority.present && host.present && !host.equalsIgnoreCase(authority)) {
      return "host_is_not_authority";
    }
    if (authority.present && authority.contains('@')) {
      return "userinfo";
    }
    if (end && contentLength > 0) {
      return "content_length_mismatch";
    }
    return null;
  }

  private @Nullable Rejection refusal(RequestHead head, String m) {
    if (path.present && path.to - path.from > limits.lineBytes()) {
      return new Rejection(414, "target_too_long", false);
    }
    if (oversized) {
      return new Rejection(431, "header_too_large", false);
    }
    if (!isToken(m)) {
      return new Rejection(400, "bad_method", false);
    }
    if (m.equals("CONNECT") && protocol == null) {
      return new Rejection(501, "connect", false);
    }
    if (!"http".equals(scheme) && !"https".equals(scheme)) {
      return new Rejection(400, "bad_scheme", false);
    }
    if (verbatim) {
      return verbatimTarget(head, m);
    }
    Text name = authority.present && !authority.isEmpty() ? authority : host;
    if (!name.present || name.isEmpty()) {
      return new Rejection(400, "no_host", false);
    }
    Rejection r = authorityParser.parse(name.bytes, name.from, name.to, stripPort);
    if (r == null) {
      head.setAuthority(authorityParser.authority(), authorityParser.host());
      r = targetParser.parse(path.bytes, path.from, path.to, m, false, settings);
    }
    if (r == null) {
      head.setTarget(targetParser.target());
    }
    return r;
  }

  /** The target and authority as they are; who they name is the application's business. */
  private @Nullable Rejection verbatimTarget(RequestHead head, String m) {
    Text name = authority.present && !authority.isEmpty() ? authority : host;
    String text = name.present ? name.toString() : "";
    head.setAuthority(text, text);
    head.setScheme(scheme);
    head.setVerbatim(true);
    Rejection r = targetParser.parseVerbatim(path.bytes, path.from, path.to, m, false);
    if (r == null) {
      head.setTarget(targetParser.target());
    }
    return r;
  }

  private static boolean isToken(String m) {
    byte[] bytes = m.getBytes(StandardCharsets.ISO_8859_1);
    return FieldText.isToken(bytes, 0, bytes.length);
  }

  /** A method of which HTTP/1.1 expects a length even if it is 0 (RFC 9110 section 8.6). */
  private static boolean announcesLength(String m) {
    return m.equals("POST") || m.equals("PUT") || m.equals("PATCH");
  }

  /** RFC 9113 section 8.2.3: crumbs are one field for anything that is not HTTP/2. */
  private void joinCookies() {
    var joined = new ByteArrayOutputStream(256);
    for (int i = 0; i < block.count(); i++) {
      if (block.id(i) == HeaderName.COOKIE && !block.isDropped(i)) {
        if (joined.size() > 0) {
          joined.write(';');
          joined.write(' ');
        }
        int from = block.valueStart(i);
        joined.write(block.array(), from, block.valueEnd(i) - from);
        block.drop(i);
      }
    }
    block.add("cookie".getBytes(StandardCharsets.US_ASCII), joined.toByteArray());
  }

  /** A well-formed request that is refused all the same, or null. */
  @Nullable Rejection refused() {
    return refused;
  }

  /** Declared length, or -1. */
  long contentLength() {
    return contentLength;
  }

  /** The {@code :protocol} of an extended CONNECT, or null. */
  @Nullable String protocol() {
    return protocol;
  }

  /** Method and path as received, for the log of a refused request; untrusted. */
  String requestLine() {
    return (method == null ? "" : method) + ' ' + (path.present ? path.toString() : "");
  }
}
