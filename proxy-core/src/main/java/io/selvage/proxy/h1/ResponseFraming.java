// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.selvage.proxy.http.FieldText;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.HopByHop;
import io.selvage.proxy.http.ResponseHead;

/**
 * Judges a response head: where its body ends (RFC 9112 section 6.3) and whether the connection
 * goes on. An origin that contradicts itself is not believed. One per connection.
 */
final class ResponseFraming {
  /** How the end of a body is found. */
  enum Body {
    NONE,
    LENGTH,
    CHUNKED,
    /** The connection's end is the body's. */
    CLOSE,
    /** The head cannot be trusted. */
    INVALID
  }

  private static final byte[] CHUNKED = Tokens.bytes("chunked");
  private static final byte[] CLOSE = Tokens.bytes("close");
  private static final byte[] KEEP_ALIVE = Tokens.bytes("keep-alive");

  private boolean keepAlive;

  /** True if the connection can carry another request after this response. */
  boolean isKeepAlive() {
    return keepAlive;
  }

  /** Completes {@code head}; {@code noBody} for answers to HEAD. */
  Body check(ResponseHead head, boolean http10, boolean noBody) {
    HeaderBlock fields = head.headers();
    int lengths = 0;
    int codings = 0;
    int coding = -1;
    long length = -1;
    boolean nominates = false;
    keepAlive = !http10;
    for (int i = 0; i < fields.count(); i++) {
      switch (fields.id(i)) {
        case HeaderName.CONTENT_LENGTH -> {
          lengths++;
          length =
              FieldText.contentLength(fields.array(), fields.valueStart(i), fields.valueEnd(i));
        }
        case HeaderName.TRANSFER_ENCODING -> {
          codings++;
          coding = i;
        }
        case HeaderName.CONNECTION -> {
          if (Tokens.contains(fields, i, CLOSE)) {
            keepAlive = false;
          } else if (http10 && Tokens.contains(fields, i, KEEP_ALIVE)) {
            keepAlive = true;
          }
          nominates |= !Tokens.valueIs(fields, i, CLOSE) && !Tokens.valueIs(fields, i, KEEP_ALIVE);
        }
        default -> {}
      }
    }
    if (lengths > 1
        || lengths == 1 && length < 0
        || codings > 1
        || codings == 1 && (lengths > 0 || http10 || !Tokens.valueIs(fields, coding, CHUNKED))) {
      return Body.INVALID;
    }
    if (nominates) {
      dropNominated(fields);
    }
    return body(head, noBody, codings == 1, length);
  }

  private Body body(ResponseHead head, boolean noBody, boolean chunked, long length) {
    int status = head.status();
    if (noBody || status < 200 || status == 204 || status == 304) {
      // A length here describes what a GET would have got; 204 and 1xx must not carry one.
      head.setBody(false, status < 200 || status == 204 ? -1 : length);
      return Body.NONE;
    }
    if (chunked) {
      head.setBody(true, -1);
      return Body.CHUNKED;
    }
    if (length >= 0) {
      head.setBody(length > 0, length);
      return length > 0 ? Body.LENGTH : Body.NONE;
    }
    keepAlive = false;
    head.setBody(true, -1);
    return Body.CLOSE;
  }

  private static void dropNominated(HeaderBlock fields) {
    for (int i = 0; i < fields.count(); i++) {
      if (fields.id(i) == HeaderName.CONNECTION) {
        HopByHop.dropNominated(fields, i);
      }
    }
  }
}
