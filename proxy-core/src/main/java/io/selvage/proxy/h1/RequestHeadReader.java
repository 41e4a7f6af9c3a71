// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.selvage.proxy.http.FieldText;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.RequestHead;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads request heads (RFC 9112 section 3). The target is checked byte by byte, parsed later. */
final class RequestHeadReader extends HeadReader {
  static final String BAD_VERSION = "bad_version";

  private static final String[] METHODS = {
    "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"
  };
  private static final byte[][] METHOD_BYTES = new byte[METHODS.length][];

  static {
    for (int i = 0; i < METHODS.length; i++) {
      METHOD_BYTES[i] = METHODS[i].getBytes(StandardCharsets.US_ASCII);
    }
  }

  private final RequestHead head;
  private int targetFrom;
  private int targetTo;

  RequestHeadReader(RequestHead head) {
    this.head = head;
  }

  /** First byte of the raw target in the block's array. */
  int targetFrom() {
    return targetFrom;
  }

  int targetTo() {
    return targetTo;
  }

  @Override
  @Nullable String startLine(byte[] bytes, int from, int to) {
    int p = from;
    while (p < to && FieldText.classOf(bytes[p]) != FieldText.NO_TOKEN) {
      p++;
    }
    if (p == from || p == to || bytes[p] != ' ') {
      return "bad_method";
    }
    head.setMethod(method(bytes, from, p));
    targetFrom = ++p;
    // Visible ASCII only: a raw byte above 0x7f or a control means different things to different
    // hops.
    while (p < to && bytes[p] > ' ' && bytes[p] != 0x7f) {
      p++;
    }
    targetTo = p;
    if (p == targetFrom || p == to || bytes[p] != ' ') {
      return "bad_target";
    }
    return version(bytes, p + 1, to);
  }

  private @Nullable String version(byte[] bytes, int from, int to) {
    if (to - from != 8
        || bytes[from] != 'H'
        || bytes[from + 1] != 'T'
        || bytes[from + 2] != 'T'
        || bytes[from + 3] != 'P'
        || bytes[from + 4] != '/'
        || bytes[from + 6] != '.'
        || !isDigit(bytes[from + 5])
        || !isDigit(bytes[from + 7])) {
      return "bad_start_line";
    }
    if (bytes[from + 5] != '1' || bytes[from + 7] > '1') {
      return BAD_VERSION;
    }
    head.setVersion(bytes[from + 7] == '1' ? HttpVersion.HTTP_1_1 : HttpVersion.HTTP_1_0);
    return null;
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  private static String method(byte[] bytes, int from, int to) {
    for (int m = 0; m < METHODS.length; m++) {
      byte[] known = METHOD_BYTES[m];
      if (known.length == to - from && startsWith(bytes, from, known)) {
        return METHODS[m];
      }
    }
    return new String(bytes, from, to - from, StandardCharsets.US_ASCII);
  }

  private static boolean startsWith(byte[] bytes, int from, byte[] known) {
    for (int i = 0; i < known.length; i++) {
      if (bytes[from + i] != known[i]) {
        return false;
      }
    }
    return true;
  }
}
