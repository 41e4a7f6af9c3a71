// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;

/**
 * The two messages of the gRPC health checking protocol ({@code grpc.health.v1.Health/Check}), each
 * of one field, in gRPC's length-prefixed framing.
 */
final class GrpcHealth {
  static final String PATH = "/grpc.health.v1.Health/Check";

  private static final int FRAME_HEADER = 5;

  /** {@code HealthCheckResponse.ServingStatus.SERVING}. */
  private static final int SERVING = 1;

  private GrpcHealth() {}

  /** {@code HealthCheckRequest{service}}, framed. */
  static Buffer request(String service) {
    byte[] name = service.getBytes(StandardCharsets.UTF_8);
    Buffer message = Buffer.buffer();
    if (name.length > 0) {
      message.appendByte((byte) ((1 << 3) | 2));
      int left = name.length;
      while (left >= 0x80) {
        message.appendByte((byte) ((left & 0x7f) | 0x80));
        left >>>= 7;
      }
      message.appendByte((byte) left).appendBytes(name);
    }
    return Buffer.buffer().appendByte((byte) 0).appendInt(message.length()).appendBuffer(message);
  }

  /** True if {@code body} is one uncompressed {@code HealthCheckResponse} that says SERVING. */
  static boolean isServing(Buffer body) {
    if (body.length() < FRAME_HEADER
        || body.getByte(0) != 0
        || body.getInt(1) != body.length() - FRAME_HEADER) {
      return false;
    }
    // Field 1 as a varint; statuses are below 128.
    return body.length() == FRAME_HEADER + 2
        && body.getByte(FRAME_HEADER) == 1 << 3
        && body.getByte(FRAME_HEADER + 1) == SERVING;
  }
}
