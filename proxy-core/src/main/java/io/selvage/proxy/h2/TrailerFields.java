// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.HopByHop;
import org.jspecify.annotations.Nullable;

/**
 * Collects trailers of either direction. Pseudo and connection-specific fields make them malformed;
 * fields that frame, route or authenticate a message are left out (RFC 9110 section 6.5.1): whoever
 * merges trailers into the head would take them for the real ones.
 */
final class TrailerFields implements HpackDecoder.FieldSink {
  private final int maxBytes;
  private final int maxCount;
  private HeaderBlock block = new HeaderBlock(0, 8);
  private int bytes;
  private int count;
  private @Nullable String malformed;

  TrailerFields(int maxBytes, int maxCount) {
    this.maxBytes = maxBytes;
    this.maxCount = maxCount;
  }

  void begin() {
    block = new HeaderBlock(256, 8);
    bytes = 0;
    count = 0;
    malformed = null;
  }

  @Override
  public void onField(
      byte[] line, int nameLength, int valueLength, int id, int kind, @Nullable HpackField field) {
    bytes += nameLength + valueLength + 4;
    count++;
    if (kind != HpackField.REGULAR) {
      malformed = "bad_trailer";
    } else if (bytes > maxBytes || count > maxCount) {
      malformed = "trailers_too_large";
    } else if (mayTrail(id)) {
      block.addLine(line, nameLength, valueLength, id);
    }
  }

  private static boolean mayTrail(int id) {
    return switch (id) {
      case HeaderName.HOST,
          HeaderName.TRAILER,
          HeaderName.CONTENT_LENGTH,
          HeaderName.EXPECT,
          HeaderName.COOKIE,
          HeaderName.SET_COOKIE,
          HeaderName.AUTHORIZATION,
          HeaderName.PROXY_AUTHENTICATE,
          HeaderName.PROXY_AUTHORIZATION,
          HeaderName.CONTENT_TYPE,
          HeaderName.X_FORWARDED_FOR,
          HeaderName.X_FORWARDED_PROTO,
          HeaderName.X_FORWARDED_HOST,
          HeaderName.X_FORWARDED_PORT,
          HeaderName.X_FORWARDED_CLIENT_CERT,
          HeaderName.X_REAL_IP,
          HeaderName.X_REQUEST_ID,
          HeaderName.LOCATION,
          HeaderName.FORWARDED ->
          false;
      default -> !HopByHop.isHopByHop(id);
    };
  }

  /** The fields; belongs to the caller from now on. */
  HeaderBlock block() {
    return block;
  }

  /** Why the trailers are malformed, or null. */
  @Nullable String malformed() {
    return malformed;
  }
}
