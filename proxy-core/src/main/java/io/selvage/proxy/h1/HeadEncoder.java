// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.HopByHop;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;

/**
 * Writes heads and chunk framing: kept fields are copied in runs as long as nothing interrupts
 * them.
 */
final class HeadEncoder {
  private static final byte[] HTTP_11 = Tokens.bytes(" HTTP/1.1\r\n");
  private static final byte[] HTTP_11_HOST = Tokens.bytes(" HTTP/1.1\r\nhost: ");
  private static final byte[] CRLF = Tokens.bytes("\r\n");
  private static final byte[] CONNECTION_CLOSE = Tokens.bytes("connection: close\r\n");
  private static final byte[] CONNECTION_KEEP_ALIVE = Tokens.bytes("connection: keep-alive\r\n");
  private static final byte[] CONNECTION_UPGRADE = Tokens.bytes("connection: upgrade\r\nupgrade: ");
  private static final byte[] CHUNKED = Tokens.bytes("transfer-encoding: chunked\r\n");
  private static final byte[] CONTENT_LENGTH = Tokens.bytes("content-length: ");
  private static final byte[] LAST_CHUNK = Tokens.bytes("0\r\n\r\n");
  private static final byte[] LAST_CHUNK_OPEN = Tokens.bytes("0\r\n");
  private static final byte[] HEX = Tokens.bytes("0123456789abcdef");

  /** What a response head says about the connection. */
  enum Connection {
    /** Nothing: the version's default applies. */
    DEFAULT,
    KEEP_ALIVE,
    CLOSE
  }

  private HeadEncoder() {}

  /** Room a head needs at least. */
  static int estimate(HeaderBlock fields) {
    return fields.length() + 256;
  }

  static void request(
      ByteBuf out, RequestHead head, String path, String authority, boolean chunked) {
    ByteBufUtil.writeAscii(out, head.method());
    out.writeByte(' ');
    ByteBufUtil.writeAscii(out, path);
    if (head.isVerbatim()) {
      out.writeBytes(HTTP_11);
    } else {
      out.writeBytes(HTTP_11_HOST);
      ByteBufUtil.writeAscii(out, authority);
      out.writeBytes(CRLF);
    }
    boolean length = fields(out, head.headers(), !head.isVerbatim(), head.contentLength() >= 0);
    if (head.upgrade() != null) {
      out.writeBytes(CONNECTION_UPGRADE);
      ByteBufUtil.writeAscii(out, head.upgrade());
      out.writeBytes(CRLF);
    }
    if (chunked) {
      out.writeBytes(CHUNKED);
    } else if (!length && head.contentLength() >= 0) {
      contentLength(out, head.contentLength());
    }
    out.writeBytes(CRLF);
  }

  /**
   * @param upgrade token of the tunnel a 101 begins; empty for every other response
   */
  static void response(
      ByteBuf out, ResponseHead head, boolean chunked, Connection connection, String upgrade) {
    String reason = head.reason();
    if (reason == null) {
      out.writeBytes(StatusLines.line(head.status()));
    } else {
      ByteBufUtil.writeAscii(out, "HTTP/1.1 " + head.status() + ' ');
      out.writeCharSequence(reason, java.nio.charset.StandardCharsets.ISO_8859_1);
      out.writeBytes(CRLF);
    }
    boolean length = fields(out, head.headers(), false, head.contentLength() >= 0);
    if (chunked) {
      out.writeBytes(CHUNKED);
    } else if (!length && head.contentLength() >= 0) {
      contentLength(out, head.contentLength());
    }
    if (!upgrade.isEmpty()) {
      out.writeBytes(CONNECTION_UPGRADE);
      ByteBufUtil.writeAscii(out, upgrade);
      out.writeBytes(CRLF);
    } else if (connection != Connection.DEFAULT) {
      out.writeBytes(connection == Connection.CLOSE ? CONNECTION_CLOSE : CONNECTION_KEEP_ALIVE);
    }
    out.writeBytes(CRLF);
  }

  /** Trailer fields with the last chunk before and the empty line behind them. */
  static void trailers(ByteBuf out, HeaderBlock trailers) {
    out.writeBytes(LAST_CHUNK_OPEN);
    fields(out, trailers, false, false);
    out.writeBytes(CRLF);
  }

  /** The size line of a chunk; {@code size} above 0. */
  static void chunkSize(ByteBuf out, int size) {
    int shift = (31 - Integer.numberOfLeadingZeros(size)) / 4 * 4;
    for (; shift >= 0; shift -= 4) {
      out.writeByte(HEX[size >> shift & 15]);
    }
    out.writeBytes(CRLF);
  }

  static void crlf(ByteBuf out) {
    out.writeBytes(CRLF);
  }

  static void lastChunk(ByteBuf out) {
    out.writeBytes(LAST_CHUNK);
  }

  /**
   * Copies what is kept.
   *
   * @param withoutHost Host is left out, because the request line's authority was just written
   * @param keepLength whether a content-length field stays
   * @return whether a content-length field was among them
   */
  private static boolean fields(
      ByteBuf out, HeaderBlock fields, boolean withoutHost, boolean keepLength) {
    byte[] bytes = fields.array();
    boolean length = false;
    int runFrom = 0;
    int runTo = 0;
    for (int i = 0; i < fields.count(); i++) {
      int id = fields.id(i);
      if (fields.isDropped(i)
          || HopByHop.isHopByHop(id)
          || withoutHost && id == HeaderName.HOST
          || id == HeaderName.CONTENT_LENGTH && (!keepLength || length)) {
        continue;
      }
      length |= id == HeaderName.CONTENT_LENGTH;
      int start = fields.lineStart(i);
      if (start != runTo) {
        out.writeBytes(bytes, runFrom, runTo - runFrom);
        runFrom = start;
      }
      runTo = fields.lineEnd(i);
    }
    out.writeBytes(bytes, runFrom, runTo - runFrom);
    return length;
  }

  private static void contentLength(ByteBuf out, long length) {
    out.writeBytes(CONTENT_LENGTH);
    ByteBufUtil.writeAscii(out, Long.toString(length));
    out.writeBytes(CRLF);
  }
}
