// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.proxy.http.FieldText;
import io.selvage.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One table entry of the decoder, kept in the very text a HeaderBlock wants ({@code name: value
 * CRLF}) with its name already recognised and both parts already checked, so that an indexed field
 * costs one copy.
 */
final class HpackField {
  /** An ordinary field with legal name and value. */
  static final int REGULAR = 0;

  static final int METHOD = 1;
  static final int SCHEME = 2;
  static final int AUTHORITY = 3;
  static final int PATH = 4;
  static final int STATUS = 5;
  static final int PROTOCOL = 6;

  /** Another name that begins with a colon. */
  static final int UNKNOWN_PSEUDO = 7;

  /** Upper case, space, colon, control or non-ASCII byte in the name (RFC 9113 section 8.2.1). */
  static final int BAD_NAME = 8;

  /** CR, LF, NUL or another control in the value, or white space at its ends. */
  static final int BAD_VALUE = 9;

  /** Octets a table entry costs beside its text (RFC 7541 section 4.1). */
  static final int OVERHEAD = 32;

  private static final byte[][] PSEUDO = {
    ":method".getBytes(StandardCharsets.US_ASCII),
    ":scheme".getBytes(StandardCharsets.US_ASCII),
    ":authority".getBytes(StandardCharsets.US_ASCII),
    ":path".getBytes(StandardCharsets.US_ASCII),
    ":status".getBytes(StandardCharsets.US_ASCII),
    ":protocol".getBytes(StandardCharsets.US_ASCII)
  };

  /** {@code name: value CRLF}. */
  final byte[] line;

  final int nameLength;
  final int valueLength;

  /** {@link HeaderName} number. */
  final int id;

  /** One of the constants of this class. */
  final int kind;

  private @Nullable String text;

  HpackField(byte[] line, int nameLength, int valueLength) {
    this.line = line;
    this.nameLength = nameLength;
    this.valueLength = valueLength;
    this.id = HeaderName.idOf(line, 0, nameLength);
    this.kind = classify(line, nameLength, valueLength);
  }

  static HpackField of(String name, String value) {
    return new HpackField(
        (name + ": " + value + "\r\n").getBytes(StandardCharsets.ISO_8859_1),
        name.length(),
        value.length());
  }

  /** What the entry counts in the dynamic table. */
  int size() {
    return nameLength + valueLength + OVERHEAD;
  }

  /** The value as a string, made once. */
  String value() {
    String t = text;
    if (t == null) {
      t = new String(line, nameLength + 2, valueLength, StandardCharsets.ISO_8859_1);
      text = t;
    }
    return t;
  }

  /** Judges the field whose line stands at the start of {@code line}. */
  static int classify(byte[] line, int nameLength, int valueLength) {
    int kind = REGULAR;
    if (nameLength > 0 && line[0] == ':') {
      kind = pseudo(line, nameLength);
    } else if (!isName(line, nameLength)) {
      return BAD_NAME;
    }
    return isValue(line, nameLength + 2, nameLength + 2 + valueLength) ? kind : BAD_VALUE;
  }

  private static int pseudo(byte[] line, int nameLength) {
    for (int i = 0; i < PSEUDO.length; i++) {
      if (HeaderName.equalsIgnoreCase(PSEUDO[i], line, 0, nameLength)) {
        // Equal without regard to case is not enough; upper case is an unknown name.
        for (int k = 0; k < nameLength; k++) {
          if (line[k] != PSEUDO[i][k]) {
            return UNKNOWN_PSEUDO;
          }
        }
        return METHOD + i;
      }
    }
    return UNKNOWN_PSEUDO;
  }

  private static boolean isName(byte[] line, int nameLength) {
    for (int i = 0; i < nameLength; i++) {
      byte b = line[i];
      if (FieldText.classOf(b) == FieldText.NO_TOKEN || (b >= 'A' && b <= 'Z')) {
        return false;
      }
    }
    return nameLength > 0;
  }

  private static boolean isValue(byte[] line, int from, int to) {
    return FieldText.isValue(line, from, to)
        && (from == to || (!isBlank(line[from]) && !isBlank(line[to - 1])));
  }

  private static boolean isBlank(byte c) {
    return c == ' ' || c == '\t';
  }
}
