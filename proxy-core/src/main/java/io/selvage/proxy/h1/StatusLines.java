// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * Status lines and reason phrases as bytes; those of the registry are made once. The phrases are
 * those of the registry "HTTP Status Codes" of IANA (RFC 9110 section 16.2.1).
 */
final class StatusLines {
  private static final byte[] NONE = {};
  private static final byte[][] REASONS = new byte[600][];

  private static final byte[][] LINES = new byte[600][];

  static {
    String phrases =
        """
        100 Continue
        101 Switching Protocols
        102 Processing
        103 Early Hints
        200 OK
        201 Created
        202 Accepted
        203 Non-Authoritative Information
        204 No Content
        205 Reset Content
        206 Partial Content
        207 Multi-Status
        208 Already Reported
        226 IM Used
        300 Multiple Choices
        301 Moved Permanently
        302 Found
        303 See Other
        304 Not Modified
        305 Use Proxy
        307 Temporary Redirect
        308 Permanent Redirect
        400 Bad Request
        401 Unauthorized
        402 Payment Required
        403 Forbidden
        404 Not Found
        405 Method Not Allowed
        406 Not Acceptable
        407 Proxy Authentication Required
        408 Request Timeout
        409 Conflict
        410 Gone
        411 Length Required
        412 Precondition Failed
        413 Content Too Large
        414 URI Too Long
        415 Unsupported Media Type
        416 Range Not Satisfiable
        417 Expectation Failed
        421 Misdirected Request
        422 Unprocessable Content
        423 Locked
        424 Failed Dependency
        425 Too Early
        426 Upgrade Required
        428 Precondition Required
        429 Too Many Requests
        431 Request Header Fields Too Large
        451 Unavailable For Legal Reasons
        500 Internal Server Error
        501 Not Implemented
        502 Bad Gateway
        503 Service Unavailable
        504 Gateway Timeout
        505 HTTP Version Not Supported
        506 Variant Also Negotiates
        507 Insufficient Storage
        508 Loop Detected
        510 Not Extended
        511 Network Authentication Required
        """;
    for (int at = 0; at < phrases.length(); ) {
      int end = phrases.indexOf('\n', at);
      int status = Integer.parseInt(phrases, at, at + 3, 10);
      REASONS[status] = phrases.substring(at + 4, end).getBytes(US_ASCII);
      LINES[status] = newLine(status);
      at = end + 1;
    }
  }

  private StatusLines() {}

  /** The standard phrase; empty where there is none. */
  static byte[] reason(int status) {
    byte[] known = status >= 0 && status < REASONS.length ? REASONS[status] : null;
    return known == null ? NONE : known;
  }

  /** The whole line with its CRLF. */
  static byte[] line(int status) {
    if (status < 0 || status >= LINES.length) {
      return newLine(status);
    }
    byte[] made = LINES[status];
    return made == null ? newLine(status) : made;
  }

  private static byte[] newLine(int status) {
    return ("HTTP/1.1 " + status + ' ' + new String(reason(status), US_ASCII) + "\r\n")
        .getBytes(US_ASCII);
  }
}
