// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.proxy.http.FieldText;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * Builds a ResponseHead from a decoded header block and judges it (RFC 9113 sections 8.2 and
 * 8.3.2). One per connection, reused.
 */
final class ResponseFields implements HpackDecoder.FieldSink {
  private final Limits.Upstream limits;
  private HeaderBlock block = new HeaderBlock(0, 1);
  private int bytes;
  private int count;
  private int status;
  private long contentLength;
  private @Nullable String malformed;

  ResponseFields(Limits.Upstream limits) {
    this.limits = limits;
  }

  /** Begins a response whose fields go to {@code head}. */
  void begin(ResponseHead head) {
    head.clear();
    block = head.headers();
    bytes = 0;
    count = 0;
    status = 0;
    contentLength = -1;
    malformed = null;
  }

  @Override
  public void onField(
      byte[] line, int nameLength, int valueLength, int id, int kind, @Nullable HpackField field) {
    bytes += nameLength + valueLength + 4;
    if (bytes > limits.headerBytes()) {
      malformed = "header_too_large";
    } else if (kind == HpackField.STATUS) {
      status(line, nameLength + 2, valueLength);
    } else if (kind != HpackField.REGULAR) {
      malformed = "bad_field";
    } else if (++count > limits.headerCount()) {
      malformed = "too_many_fields";
    } else if (malformed == null) {
      regular(line, nameLength, valueLength, id);
    }
  }

  private void status(byte[] line, int from, int length) {
    if (status != 0 || count > 0 || length != 3) {
      malformed = "bad_status";
      return;
    }
    int value = 0;
    for (int i = from; i < from + 3; i++) {
      int digit = line[i] - '0';
      if (digit < 0 || digit > 9) {
        malformed = "bad_status";
        return;
      }
      value = value * 10 + digit;
    }
    status = value;
  }

  private void regular(byte[] line, int nameLength, int valueLength, int id) {
    switch (id) {
      case HeaderName.CONNECTION,
          HeaderName.KEEP_ALIVE,
          HeaderName.PROXY_CONNECTION,
          HeaderName.TRANSFER_ENCODING,
          HeaderName.TE,
          HeaderName.UPGRADE -> {
        malformed = "connection_header";
        return;
      }
      case HeaderName.CONTENT_LENGTH -> {
        if (contentLength >= 0) {
          malformed = "two_content_lengths";
          return;
        }
        contentLength = FieldText.contentLength(line, nameLength + 2, nameLength + 2 + valueLength);
        if (contentLength < 0) {
          malformed = "bad_content_length";
          return;
        }
      }
      default -> {
        // Nothing to check.
      }
    }
    block.addLine(line, nameLength, valueLength, id);
  }

  /**
   * Fills the head.
   *
   * @param end END_STREAM came with the block
   * @param head a HEAD request: its content-length says nothing about the body
   * @return why the response is malformed, or null
   */
  @Nullable String finish(ResponseHead response, boolean end, boolean head) {
    if (malformed == null && (status < 100 || status == 101)) {
      // 101 does not exist in HTTP/2 (RFC 9113 section 8.6).
      malformed = "bad_status";
    }
    if (malformed == null && status < 200 && end) {
      malformed = "informational_end";
    }
    boolean bodyless = head || status == 304 || status == 204;
    if (malformed == null && end && contentLength > 0 && !bodyless) {
      malformed = "content_length_mismatch";
    }
    response.setStatus(status, null);
    response.setBody(!end, contentLength);
    return malformed;
  }
}
