// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

/** How an attempt ended badly, and whether the upstream can have seen any of it. */
public enum UpstreamFailure {
  /** Refused, unreachable, or the name did not resolve. */
  CONNECT_FAILED(true),
  /** A timer of TCP or TLS ran out. */
  CONNECT_TIMEOUT(true),
  /** The handshake failed, or the certificate was not believed. */
  TLS_FAILED(true),
  /** A circuit breaker is open, or the wait for a connection was too long. */
  OVERFLOW(true),
  /**
   * The endpoint has left its cluster, which has others, and had not answered a connect by then.
   */
  REMOVED(true),
  /** HTTP/2 REFUSED_STREAM, or GOAWAY below this stream. */
  REFUSED(true),
  /**
   * A pooled HTTP/1.1 connection closed before a single response byte: the usual race with an
   * origin's idle timer. The request may or may not have been seen.
   */
  RESET_ON_REUSE(false),
  /** Closed or reset before the response head. */
  RESET(false),
  /** Closed or reset in mid-response. */
  RESET_MID_RESPONSE(false),
  /** The response broke the framing rules. */
  PROTOCOL_ERROR(false);

  private final boolean neverSent;

  UpstreamFailure(boolean neverSent) {
    this.neverSent = neverSent;
  }

  /** True if the request certainly did not reach the application: always safe to repeat. */
  public boolean neverSent() {
    return neverSent;
  }
}
