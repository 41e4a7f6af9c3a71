// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import org.jspecify.annotations.Nullable;

/** A response's head. Mutable, reused, confined to one event loop. */
public final class ResponseHead {
  private final HeaderBlock headers = new HeaderBlock();
  private int status = 200;
  private @Nullable String reason;
  private long contentLength = -1;
  private boolean bodyExpected;

  public HeaderBlock headers() {
    return headers;
  }

  /** 100..999 as received; 200..599 when made here. */
  public int status() {
    return status;
  }

  /** Reason phrase as received; null = the standard one. */
  public @Nullable String reason() {
    return reason;
  }

  /** Declared length, or -1. */
  public long contentLength() {
    return contentLength;
  }

  /** False when no body follows (HEAD, 204, 304, length 0, END_STREAM). */
  public boolean isBodyExpected() {
    return bodyExpected;
  }

  public void clear() {
    headers.clear();
    status = 200;
    reason = null;
    contentLength = -1;
    bodyExpected = false;
  }

  public void setStatus(int status, @Nullable String reason) {
    this.status = status;
    this.reason = reason;
  }

  public void setBody(boolean expected, long contentLength) {
    this.bodyExpected = expected;
    this.contentLength = contentLength;
  }
}
