// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.netty.util.NetUtil;
import io.selvage.model.routing.Settings;
import io.selvage.proxy.http.AuthorityParser;
import io.selvage.proxy.http.FieldText;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.HopByHop;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTarget;
import io.selvage.proxy.http.RequestTargetParser;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Judges a request head that is well formed line by line: where its body ends (RFC 9112 section 6),
 * who it is for (section 3.2), and what happens to the connection afterwards. Whatever two parsers
 * could read in two ways is refused and the connection closed.
 *
 * <p>Confined to one event loop; one per connection, because the parsers remember the last values.
 */
final class RequestFraming {
  private static final byte[] CHUNKED = Tokens.bytes("chunked");
  private static final byte[] CLOSE = Tokens.bytes("close");
  private static final byte[] KEEP_ALIVE = Tokens.bytes("keep-alive");
  private static final byte[] UPGRADE = Tokens.bytes("upgrade");
  private static final byte[] CONTINUE = Tokens.bytes("100-continue");
  private static final byte[] H2C = Tokens.bytes("h2c");

  private static final byte[] HOST_NAME = Tokens.bytes("Host");

  private final boolean verbatim;
  private final RequestTargetParser targets = new RequestTargetParser();
  private final AuthorityParser authorities = new AuthorityParser();

  private boolean keepAlive;
  private boolean chunked;

  private int hosts;
  private int host;
  private int lengths;
  private long length;
  private int codings;
  private int coding;
  private int connections;
  private int upgradeField;
  private boolean upgradeAsked;
  private @Nullable Rejection refused;

  /**
   * @param verbatim messages pass unchanged: only their framing is judged
   */
  RequestFraming(boolean verbatim) {
    this.verbatim = verbatim;
  }

  /** True if the client lets the connection go on. */
  boolean isKeepAlive() {
    return keepAlive;
  }

  /** True if the body is chunked; otherwise its length is the head's. */
  boolean isChunked() {
    return chunked;
  }

  /**
   * Completes {@code head} from its fields.
   *
   * @param local what the client connected to: its port for strip_matching_host_port, and the whole
   *     where the Host field it did not send is to be made up
   * @return why the request is refused, or null
   */
  @Nullable Rejection check(
      RequestHead head, RequestHeadReader line, Settings settings, InetSocketAddress local) {
    HeaderBlock fields = head.headers();
    scan(fields, head);
    if (refused != null) {
      return refused;
    }
    if (head.version() == HttpVersion.HTTP_1_0 && !settings.http10()) {
      return new Rejection(426, "http_1_0", true);
    }
    Rejection body = body(head);
    if (body != null) {
      return body;
    }
    Rejection whom =
        verbatim
            ? verbatimTarget(head, line, local)
            : target(head, line, settings, local.getPort());
    if (whom != null) {
      return whom;
    }
    upgrade(head, fields);
    if (head.upgrade() != null && head.isBodyExpected() && !verbatim) {
      return Rejection.bad("upgrade_with_body");
    }
    if (connections > 0) {
      for (int i = 0; i < fields.count(); i++) {
        if (fields.id(i) == HeaderName.CONNECTION && !onlyUsual(fields, i)) {
          HopByHop.dropNominated(fields, i);
        }
      }
    }
    return null;
  }

  private void scan(HeaderBlock fields, RequestHead head) {
    hosts = 0;
    lengths = 0;
    length = -1;
    codings = 0;
    connections = 0;
    upgradeField = -1;
    upgradeAsked = false;
    refused = null;
    chunked = false;
    keepAlive = head.version() == HttpVersion.HTTP_1_1;
    for (int i = 0; i < fields.count(); i++) {
      switch (fields.id(i)) {
        case HeaderName.HOST -> {
          hosts++;
          host = i;
        }
        case HeaderName.CONTENT_LENGTH -> {
          lengths++;
          length =
              FieldText.contentLength(fields.array(), fields.valueStart(i), fields.valueEnd(i));
        }
        case HeaderName.TRANSFER_ENCODING -> {
          codings++;
          coding = i;
        }
        case HeaderName.CONNECTION -> connection(fields, i, head);
        case HeaderName.UPGRADE -> upgradeField = upgradeField < 0 ? i : upgradeField;
        case HeaderName.EXPECT -> expect(fields, i, head);
        default -> {}
      }
    }
  }

  private void connection(HeaderBlock fields, int i, RequestHead head) {
    connections++;
    upgradeAsked |= Tokens.contains(fields, i, UPGRADE);
    if (Tokens.contains(fields, i, CLOSE)) {
      keepAlive = false;
    } else if (head.version() == HttpVersion.HTTP_1_0 && Tokens.contains(fields, i, KEEP_ALIVE)) {
      keepAlive = true;
    }
  }

  private void expect(HeaderBlock fields, int i, RequestHead head) {
    if (Tokens.valueIs(fields, i, CONTINUE)) {
      // An HTTP/1.0 client does not know 100 (RFC 9110 section 10.1.1).
      head.setExpectContinue(head.version() == HttpVersion.HTTP_1_1);
      if (head.version() == HttpVersion.HTTP_1_0) {
        fields.drop(i);
      }
    } else if (!verbatim) {
      refused = new Rejection(417, "unknown_expectation", true);
    }
  }

  private @Nullable Rejection body(RequestHead head) {
    if (codings > 0) {
      if (lengths > 0) {
        return Rejection.bad("length_and_coding");
      }
      if (codings > 1) {
        return Rejection.bad("two_transfer_encodings");
      }
      if (head.version() == HttpVersion.HTTP_1_0) {
        return Rejection.bad("coding_in_http_1_0");
      }
      if (!Tokens.valueIs(head.headers(), coding, CHUNKED)) {
        return Tokens.isCodedThenChunked(head.headers(), coding)
            ? new Rejection(501, "transfer_coding", true)
            : Rejection.bad("bad_transfer_encoding");
      }
      chunked = true;
      head.setBody(true, -1);
      return null;
    }
    if (lengths > 1) {
      return Rejection.bad("two_content_lengths");
    }
    if (lengths == 1 && length < 0) {
      return Rejection.bad("bad_content_length");
    }
    head.setBody(length > 0, lengths == 1 ? length : -1);
    if (length <= 0) {
      // Nothing is waited for.
      head.setExpectContinue(false);
    }
    return null;
  }

  private @Nullable Rejection target(
      RequestHead head, RequestHeadReader line, Settings settings, int localPort) {
    HeaderBlock fields = head.headers();
    byte[] bytes = fields.array();
    if (head.method().equals("CONNECT")) {
      return new Rejection(501, "connect", true);
    }
    if (hosts > 1) {
      return Rejection.bad("two_hosts");
    }
    if (hosts == 0 && head.version() == HttpVersion.HTTP_1_1) {
      return Rejection.bad("no_host");
    }
    Rejection bad =
        targets.parse(bytes, line.targetFrom(), line.targetTo(), head.method(), true, settings);
    if (bad != null) {
      return bad;
    }
    head.setTarget(targets.target());
    int strip = settings.stripMatchingHostPort() ? localPort : -1;
    String named = null;
    if (targets.isAbsolute()) {
      bad = authorities.parse(bytes, targets.authorityFrom(), targets.authorityTo(), strip);
      if (bad != null) {
        return bad;
      }
      named = authorities.host();
      head.setAuthority(authorities.authority(), named);
    }
    if (hosts == 1) {
      bad = authorities.parse(bytes, fields.valueStart(host), fields.valueEnd(host), strip);
      if (bad != null) {
        return bad;
      }
      // The absolute form wins (RFC 9112 section 3.2.2), but never over a different name.
      if (named != null && !named.equals(authorities.host())) {
        return Rejection.bad("host_mismatch");
      }
      if (named == null) {
        head.setAuthority(authorities.authority(), authorities.host());
      }
    }
    return null;
  }

  /** The target and Host as they are; who they name is the application's business. */
  private @Nullable Rejection verbatimTarget(
      RequestHead head, RequestHeadReader line, InetSocketAddress local) {
    HeaderBlock fields = head.headers();
    if (hosts > 1) {
      return Rejection.bad("two_hosts");
    }
    if (head.method().equals("CONNECT")) {
      return verbatimConnect(head, line);
    }
    Rejection bad =
        targets.parseVerbatim(
            fields.array(), line.targetFrom(), line.targetTo(), head.method(), true);
    if (bad != null) {
      return bad;
    }
    head.setTarget(targets.target());
    head.setVerbatim(true);
    String authority = "";
    if (hosts == 1) {
      authority = fields.value(host);
    } else if (head.version() == HttpVersion.HTTP_1_0) {
      // It is sent on as HTTP/1.1, which must have one (RFC 9112 section 3.2).
      authority = NetUtil.toSocketAddressString(local);
      fields.add(HOST_NAME, Tokens.bytes(authority));
    }
    head.setAuthority(authority, authority);
    return null;
  }

  /**
   * A request for a tunnel (RFC 9110 section 9.3.6): its target is an authority with a port. Bytes
   * behind its head belong to the tunnel, so a body would be a matter of opinion.
   */
  private @Nullable Rejection verbatimConnect(RequestHead head, RequestHeadReader line) {
    if (lengths > 0 || codings > 0) {
      return Rejection.bad("connect_with_body");
    }
    byte[] bytes = head.headers().array();
    Rejection bad = authorities.parse(bytes, line.targetFrom(), line.targetTo(), -1);
    if (bad != null) {
      return bad;
    }
    String named =
        new String(
            bytes,
            line.targetFrom(),
            line.targetTo() - line.targetFrom(),
            StandardCharsets.US_ASCII);
    if (named.lastIndexOf(':') <= named.lastIndexOf(']')) {
      return Rejection.bad("connect_without_port");
    }
    head.setTarget(new RequestTarget(named, "", false));
    head.setVerbatim(true);
    if (hosts == 0) {
      head.headers().add(HOST_NAME, Tokens.bytes(named));
    }
    head.setAuthority(named, named);
    return null;
  }

  /** h2c is ignored: plaintext HTTP/2 starts with its preface or not at all. */
  private void upgrade(RequestHead head, HeaderBlock fields) {
    if (!upgradeAsked || upgradeField < 0 || head.version() == HttpVersion.HTTP_1_0) {
      return;
    }
    String token = Tokens.firstLower(fields, upgradeField);
    if (!token.isEmpty() && !Tokens.contains(fields, upgradeField, H2C)) {
      head.setUpgrade(token);
    }
  }

  private static boolean onlyUsual(HeaderBlock fields, int i) {
    return Tokens.valueIs(fields, i, KEEP_ALIVE)
        || Tokens.valueIs(fields, i, CLOSE)
        || Tokens.valueIs(fields, i, UPGRADE);
  }
}
