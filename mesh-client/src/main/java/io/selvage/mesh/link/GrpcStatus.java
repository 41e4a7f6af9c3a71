// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.link;

import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;

/**
 * How a gRPC call ended.
 *
 * @param code of gRPC's {@code statuscodes.md}
 * @param message for a person, printable; empty if none was sent
 */
record GrpcStatus(int code, String message) {
  static final int OK = 0;
  static final int UNKNOWN = 2;
  static final int INTERNAL = 13;
  static final int UNAVAILABLE = 14;
  static final int UNAUTHENTICATED = 16;

  private static final int MAX_MESSAGE = 300;
  private static final byte[] GRPC_MESSAGE = "grpc-message".getBytes(StandardCharsets.US_ASCII);

  /** What trailers, or a head that ends the stream, say. */
  static GrpcStatus of(HeaderBlock fields) {
    String status = fields.valueOf(HeaderName.GRPC_STATUS);
    if (status == null) {
      return new GrpcStatus(UNKNOWN, "the call ended without grpc-status");
    }
    int code;
    try {
      code = Integer.parseInt(status);
    } catch (NumberFormatException e) {
      code = UNKNOWN;
    }
    int message = fields.indexOf(GRPC_MESSAGE, 0);
    return new GrpcStatus(code, message < 0 ? "" : decode(fields.value(message)));
  }

  static GrpcStatus unavailable(String message) {
    return new GrpcStatus(UNAVAILABLE, message);
  }

  boolean isOk() {
    return code == OK;
  }

  /** Percent-decoded as gRPC writes it; what does not print becomes a question mark. */
  private static String decode(String text) {
    var bytes = new byte[Math.min(text.length(), MAX_MESSAGE)];
    int length = 0;
    for (int i = 0; i < text.length() && length < bytes.length; i++) {
      int value = text.charAt(i);
      if (value == '%' && i + 2 < text.length()) {
        int high = Character.digit(text.charAt(i + 1), 16);
        int low = Character.digit(text.charAt(i + 2), 16);
        if (high >= 0 && low >= 0) {
          value = high << 4 | low;
          i += 2;
        }
      }
      bytes[length++] = (byte) value;
    }
    String decoded = new String(bytes, 0, length, StandardCharsets.UTF_8);
    var printable = new StringBuilder(decoded);
    for (int i = 0; i < printable.length(); i++) {
      if (Character.isISOControl(printable.charAt(i))) {
        printable.setCharAt(i, '?');
      }
    }
    return printable.toString();
  }

  /** For logs. */
  @Override
  public String toString() {
    return message.isEmpty() ? "grpc-status " + code : message + " (grpc-status " + code + ")";
  }
}
