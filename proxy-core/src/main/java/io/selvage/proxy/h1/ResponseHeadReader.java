// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.selvage.proxy.http.FieldText;
import io.selvage.proxy.http.ResponseHead;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads response heads (RFC 9112 section 4), as strictly as request heads. */
final class ResponseHeadReader extends HeadReader {
  private final ResponseHead head;
  private boolean http10;

  ResponseHeadReader(ResponseHead head) {
    this.head = head;
  }

  /** True if the response says HTTP/1.0. */
  boolean isHttp10() {
    return http10;
  }

  @Override
  @Nullable String startLine(byte[] bytes, int from, int to) {
    // "HTTP/1.x NNN" and then nothing, or a space and a reason of any length.
    if (to - from < 12
        || bytes[from] != 'H'
        || bytes[from + 1] != 'T'
        || bytes[from + 2] != 'T'
        || bytes[from + 3] != 'P'
        || bytes[from + 4] != '/'
        || bytes[from + 5] != '1'
        || bytes[from + 6] != '.'
        || (bytes[from + 7] != '1' && bytes[from + 7] != '0')
        || bytes[from + 8] != ' ') {
      return "bad_status_line";
    }
    http10 = bytes[from + 7] == '0';
    int status = 0;
    for (int i = from + 9; i < from + 12; i++) {
      int digit = bytes[i] - '0';
      if (digit < 0 || digit > 9) {
        return "bad_status_line";
      }
      status = status * 10 + digit;
    }
    int reason = from + 13;
    if (status < 100
        || to > from + 12 && bytes[from + 12] != ' '
        || to > reason && !FieldText.isValue(bytes, reason, to)) {
      return "bad_status_line";
    }
    head.setStatus(status, reasonIfUnusual(bytes, reason, to, status));
    return null;
  }

  /** Null for the standard phrase, so that the usual response allocates no text. */
  private static @Nullable String reasonIfUnusual(byte[] bytes, int from, int to, int status) {
    byte[] usual = StatusLines.reason(status);
    if (from >= to || Arrays.equals(bytes, from, to, usual, 0, usual.length)) {
      return null;
    }
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }
}
