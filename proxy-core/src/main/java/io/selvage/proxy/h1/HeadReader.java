// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.netty.buffer.ByteBuf;
import io.selvage.model.routing.Settings.Underscores;
import io.selvage.proxy.http.FieldText;
import io.selvage.proxy.http.HeaderBlock;
import org.jspecify.annotations.Nullable;

/**
 * Reads a message head (or a trailer section) out of successive buffers into a {@link HeaderBlock},
 * whose own array is the only place the bytes are copied to. Each line is looked at once it is
 * whole; any doubt about a line ends the reading with an error word (RFC 9112 sections 2 to 5,
 * strict: CRLF only, no folding, no space before the colon).
 *
 * <p>Confined to one event loop; reused by {@link #reset}.
 */
abstract class HeadReader {
  static final String TOO_LARGE = "header_too_large";
  static final String TOO_MANY = "too_many_headers";
  static final String LINE_TOO_LONG = "request_line_too_long";

  /** Bytes copied at a time: most heads fit, and a large body behind the head is not copied. */
  private static final int CHUNK = 4 * 1024;

  private HeaderBlock block = new HeaderBlock(0, 1);
  private int maxLine;
  private int maxBytes;
  private int maxCount;
  private Underscores underscores = Underscores.ALLOW;

  /** First byte of the line that is being read. */
  private int lineStart;

  /** There is no LF in {@code [lineStart, scanned)}. */
  private int scanned;

  /** First byte after the start line; -1 while that is awaited. */
  private int fieldsStart;

  private boolean started;
  private @Nullable String error;

  /**
   * Makes ready for another head.
   *
   * @param into cleared and filled
   * @param startLine false for trailers, which have none
   */
  final void reset(
      HeaderBlock into,
      boolean startLine,
      int maxLineBytes,
      int maxFieldBytes,
      int maxFields,
      Underscores policy) {
    into.clear();
    block = into;
    maxLine = maxLineBytes;
    maxBytes = maxFieldBytes;
    maxCount = maxFields;
    underscores = policy;
    lineStart = 0;
    scanned = 0;
    fieldsStart = startLine ? -1 : 0;
    started = false;
    error = null;
  }

  /** What broke the rules, or null. */
  final @Nullable String error() {
    return error;
  }

  /** True once a byte of the head has been read. */
  final boolean isStarted() {
    return started;
  }

  /** The first line as far as it was read, for the log of a refused request. */
  final String firstLine() {
    int end = fieldsStart > 0 ? fieldsStart : block.length();
    return new String(
            block.array(), 0, Math.min(end, 1024), java.nio.charset.StandardCharsets.ISO_8859_1)
        .stripTrailing();
  }

  /**
   * Takes what belongs to the head out of {@code in}.
   *
   * @return true when the head is complete or {@link #error()} is set; false when more is needed
   */
  final boolean read(ByteBuf in) {
    while (in.isReadable()) {
      started = true;
      int start = block.length();
      int n = Math.min(in.readableBytes(), CHUNK);
      byte[] bytes = block.reserve(n);
      in.getBytes(in.readerIndex(), bytes, start, n);
      block.setLength(start + n);
      int end = parse(bytes, start + n);
      if (error != null) {
        return true;
      }
      if (end >= 0) {
        in.skipBytes(end - start);
        // The empty line is given up: fields added later continue the run of kept bytes.
        block.setLength(Math.max(end - 2, 0));
        return true;
      }
      in.skipBytes(n);
    }
    return false;
  }

  /** Takes the start line {@code [from, to)} apart, CRLF excluded; an error word or null. */
  abstract @Nullable String startLine(byte[] bytes, int from, int to);

  private int parse(byte[] bytes, int end) {
    int at = scanned;
    while (at < end) {
      // An earlier read may have left part of this line; its bytes are known to hold no LF.
      if (at > lineStart || fieldsStart < 0) {
        at = indexOfLf(bytes, at, end);
        if (at < 0) {
          break;
        }
      }
      int next = line(bytes, end);
      if (error != null) {
        return -1;
      }
      if (next < 0) {
        break;
      }
      if (next == 0) {
        return lineStart;
      }
      lineStart = next;
      at = next;
    }
    scanned = end;
    checkPartial(end);
    return -1;
  }

  /** The line at lineStart: its end, 0 for the empty line (lineStart is behind it), -1 for more. */
  private int line(byte[] bytes, int end) {
    int p = lineStart;
    if (bytes[p] == '\r') {
      if (p + 1 == end) {
        return -1;
      }
      if (bytes[p + 1] != '\n') {
        return fail("bare_cr");
      }
      if (fieldsStart < 0) {
        // One empty line before a request line is forgiven (RFC 9112 section 2.2).
        if (p > 0) {
          return fail("bad_start_line");
        }
        return p + 2;
      }
      if (p - fieldsStart > maxBytes) {
        return fail(TOO_LARGE);
      }
      lineStart = p + 2;
      return 0;
    }
    return fieldsStart < 0 ? first(bytes, end) : field(bytes, end);
  }

  private int first(byte[] bytes, int end) {
    int lf = indexOfLf(bytes, lineStart, end);
    if (lf < 0) {
      return -1;
    }
    if (lf == lineStart || bytes[lf - 1] != '\r') {
      return fail("bare_lf");
    }
    if (lf - 1 - lineStart > maxLine) {
      return fail(LINE_TOO_LONG);
    }
    String problem = startLine(bytes, lineStart, lf - 1);
    if (problem != null) {
      return fail(problem);
    }
    fieldsStart = lf + 1;
    return lf + 1;
  }

  private int field(byte[] bytes, int end) {
    int p = lineStart;
    int seen = 0;
    byte kind;
    while (p < end && (kind = FieldText.classOf(bytes[p])) != FieldText.NO_TOKEN) {
      seen |= kind;
      p++;
    }
    if (p == end) {
      return -1;
    }
    int nameEnd = p;
    if (bytes[p] != ':' || p == lineStart) {
      return fail(p == lineStart && isBlank(bytes[p]) ? "obs_fold" : "bad_field_name");
    }
    p++;
    while (p < end && isBlank(bytes[p])) {
      p++;
    }
    int valueStart = p;
    while (p < end && FieldText.isValueByte(bytes[p])) {
      p++;
    }
    if (p + 1 >= end) {
      return p < end && bytes[p] != '\r' ? fail("bad_field_value") : -1;
    }
    if (bytes[p] != '\r' || bytes[p + 1] != '\n') {
      return fail(bytes[p] == '\n' ? "bare_lf" : bytes[p] == '\r' ? "bare_cr" : "bad_field_value");
    }
    int valueEnd = p;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) {
      valueEnd--;
    }
    return declare(seen, nameEnd, valueStart, valueEnd, p + 2);
  }

  private int declare(int seen, int nameEnd, int valueStart, int valueEnd, int lineEnd) {
    if (block.count() == maxCount) {
      return fail(TOO_MANY);
    }
    if (lineEnd - fieldsStart > maxBytes) {
      return fail(TOO_LARGE);
    }
    block.declare(lineStart, nameEnd, valueStart, valueEnd, lineEnd);
    if ((seen & FieldText.UNDERSCORE) != 0 && underscores != Underscores.ALLOW) {
      if (underscores == Underscores.REJECT) {
        return fail("underscore");
      }
      block.drop(block.count() - 1);
    }
    return lineEnd;
  }

  /** Bounds what an unfinished line or head may grow to. */
  private void checkPartial(int end) {
    if (fieldsStart < 0) {
      // The CR of the line's own end may already be there.
      if (end - lineStart > maxLine + 1) {
        fail(LINE_TOO_LONG);
      }
    } else if (end - fieldsStart > maxBytes + 2) {
      fail(TOO_LARGE);
    }
  }

  private int fail(String word) {
    error = word;
    return -1;
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  private static int indexOfLf(byte[] bytes, int from, int end) {
    for (int i = from; i < end; i++) {
      if (bytes[i] == '\n') {
        return i;
      }
    }
    return -1;
  }
}
