// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Builds one JSON object on one line, in reused memory. Texts may come from a client: they are
 * escaped (RFC 8259 section 7, and DEL and everything beyond ASCII too, so that no terminal is
 * talked to) and cut at {@link #MAX_TEXT} characters. Confined to one thread.
 */
public final class JsonLine {
  /** Longest text in characters; what is cut ends with an ellipsis of three dots. */
  public static final int MAX_TEXT = 1024;

  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private byte[] bytes = new byte[1024];
  private int length;
  private long lastSecond = Long.MIN_VALUE;
  private String lastSecondText = "";

  public JsonLine begin() {
    length = 0;
    put('{');
    return this;
  }

  /** Adds a member; null texts are left out. */
  public JsonLine text(String name, @Nullable String value) {
    if (value == null) {
      return this;
    }
    name(name);
    put('"');
    int end = Math.min(value.length(), MAX_TEXT);
    for (int i = 0; i < end; i++) {
      escape(value.charAt(i));
    }
    if (end < value.length()) {
      raw("...");
    }
    put('"');
    return this;
  }

  public JsonLine number(String name, long value) {
    name(name);
    digits(value);
    return this;
  }

  /**
   * Adds a moment by ISO 8601 in UTC, without the milliseconds where there are none. The text of
   * the last second is kept: a busy thread writes many lines in each.
   */
  public JsonLine time(String name, long epochMillis) {
    long second = Math.floorDiv(epochMillis, 1000L);
    if (second != lastSecond) {
      String text = Instant.ofEpochSecond(second).toString();
      lastSecondText = text.substring(0, text.length() - 1); // without its Z
      lastSecond = second;
    }
    name(name);
    put('"');
    raw(lastSecondText);
    int millis = Math.floorMod(epochMillis, 1000);
    if (millis != 0) {
      put('.');
      threeDigits(millis);
    }
    put('Z');
    put('"');
    return this;
  }

  /** Adds a number of milliseconds with microseconds behind the point. */
  public JsonLine millis(String name, long nanos) {
    name(name);
    long micros = Math.max(0, nanos) / 1000;
    digits(micros / 1000);
    int rest = (int) (micros % 1000);
    put('.');
    threeDigits(rest);
    return this;
  }

  /** Closes the object and the line. */
  public byte[] end() {
    put('}');
    put('\n');
    return Arrays.copyOf(bytes, length);
  }

  private void name(String name) {
    if (length > 1) {
      put(',');
    }
    put('"');
    raw(name);
    put('"');
    put(':');
  }

  private void escape(char c) {
    if (c == '"' || c == '\\') {
      put('\\');
      put(c);
    } else if (c >= 0x20 && c < 0x7f) {
      put(c);
    } else {
      put('\\');
      put('u');
      put(HEX[c >> 12]);
      put(HEX[c >> 8 & 15]);
      put(HEX[c >> 4 & 15]);
      put(HEX[c & 15]);
    }
  }

  private void digits(long value) {
    raw(Long.toString(value));
  }

  private void threeDigits(int below1000) {
    put('0' + below1000 / 100);
    put('0' + below1000 / 10 % 10);
    put('0' + below1000 % 10);
  }

  private void raw(String ascii) {
    for (int i = 0; i < ascii.length(); i++) {
      put(ascii.charAt(i));
    }
  }

  private void put(int b) {
    if (length == bytes.length) {
      bytes = Arrays.copyOf(bytes, length * 2);
    }
    bytes[length++] = (byte) b;
  }
}
