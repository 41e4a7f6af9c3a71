// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import org.jspecify.annotations.Nullable;

/**
 * A request's head after the codec has checked its framing and parsed target and authority.
 * Mutable, reused, confined to one event loop.
 *
 * <p>The raw request line (HTTP/1.1) need not be kept: encoders build theirs from {@link #method()}
 * and the path the exchange hands them.
 */
public final class RequestHead {
  private final HeaderBlock headers = new HeaderBlock();
  private String method = "GET";
  private HttpVersion version = HttpVersion.HTTP_1_1;
  private RequestTarget target = RequestTarget.ROOT;
  private String authority = "";
  private String host = "";
  private long contentLength = -1;
  private boolean bodyExpected;
  private boolean expectContinue;
  private @Nullable String upgrade;
  private @Nullable String scheme;
  private boolean verbatim;

  public HeaderBlock headers() {
    return headers;
  }

  /** Method token, case-sensitive; interned for the common ones. */
  public String method() {
    return method;
  }

  public HttpVersion version() {
    return version;
  }

  /** The target, normalised once; routing, rewriting, authorisation and the log all use it. */
  public RequestTarget target() {
    return target;
  }

  /** Host and port as the client sent them, checked; sent upstream unless rewritten. */
  public String authority() {
    return authority;
  }

  /** Host of the authority: lower case, no port, no trailing dot, no brackets. For matching. */
  public String host() {
    return host;
  }

  /** Declared length, or -1 when there is none (chunked, or HTTP/2 without content-length). */
  public long contentLength() {
    return contentLength;
  }

  /** False when the message certainly ends with its head. */
  public boolean isBodyExpected() {
    return bodyExpected;
  }

  /** True for {@code Expect: 100-continue}. */
  public boolean isExpectContinue() {
    return expectContinue;
  }

  /** Lower-case Upgrade token (or the :protocol of an extended CONNECT), null when none. */
  public @Nullable String upgrade() {
    return upgrade;
  }

  /** Whether a response of this status opens a tunnel: 101, or 2xx to CONNECT over HTTP/1.1. */
  public boolean isTunnelOpenedBy(int status) {
    return status == 101 || status >= 200 && status < 300 && method.equals("CONNECT");
  }

  /** HTTP/2's {@code :scheme}, to be passed on; null = as the connection upstream is secured. */
  public @Nullable String scheme() {
    return scheme;
  }

  /**
   * True if the message passes unchanged: HTTP/1.1 then sends the Host field as it is among the
   * others, if there is one, and no other in its place.
   */
  public boolean isVerbatim() {
    return verbatim;
  }

  /** Empties the head for the next request. */
  public void clear() {
    headers.clear();
    method = "GET";
    version = HttpVersion.HTTP_1_1;
    target = RequestTarget.ROOT;
    authority = "";
    host = "";
    contentLength = -1;
    bodyExpected = false;
    expectContinue = false;
    upgrade = null;
    scheme = null;
    verbatim = false;
  }

  public void setMethod(String method) {
    this.method = method;
  }

  public void setVersion(HttpVersion version) {
    this.version = version;
  }

  public void setTarget(RequestTarget target) {
    this.target = target;
  }

  public void setAuthority(String authority, String host) {
    this.authority = authority;
    this.host = host;
  }

  public void setBody(boolean expected, long contentLength) {
    this.bodyExpected = expected;
    this.contentLength = contentLength;
  }

  public void setExpectContinue(boolean expectContinue) {
    this.expectContinue = expectContinue;
  }

  public void setScheme(@Nullable String scheme) {
    this.scheme = scheme;
  }

  public void setVerbatim(boolean verbatim) {
    this.verbatim = verbatim;
  }

  public void setUpgrade(@Nullable String upgrade) {
    this.upgrade = upgrade;
  }
}
