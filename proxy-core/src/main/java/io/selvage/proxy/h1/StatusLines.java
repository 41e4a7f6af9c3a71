// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;

/** Status lines and reason phrases as bytes, made once. */
final class StatusLines {
  private static final byte[] NONE = {};
  private static final byte[][] REASONS = new byte[600][];
  private static final byte[][] LINES = new byte[600][];

  static {
    for (int status = 100; status < 600; status++) {
      String text = HttpResponseStatus.valueOf(status).reasonPhrase();
      // Netty names unknown codes after their class ("Client Error (499)"): no phrase says as much.
      String reason = text.indexOf('(') >= 0 ? "" : text;
      REASONS[status] = reason.getBytes(StandardCharsets.US_ASCII);
      LINES[status] =
          ("HTTP/1.1 " + status + ' ' + reason + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }
  }

  private StatusLines() {}

  /** The standard phrase; empty where there is none. */
  static byte[] reason(int status) {
    return status < 600 ? REASONS[status] : NONE;
  }

  /** The whole line with its CRLF. */
  static byte[] line(int status) {
    return status < 600
        ? LINES[status]
        : ("HTTP/1.1 " + status + " \r\n").getBytes(StandardCharsets.US_ASCII);
  }
}
