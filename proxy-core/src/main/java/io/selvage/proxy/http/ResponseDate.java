// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The current Date field value (RFC 9110 section 5.6.7), formatted once a second for all loops. */
public final class ResponseDate {
  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  // One reference, so that a loop never sees the text of another second than it checked.
  private static volatile Formatted current = new Formatted(-1, new byte[0]);

  private record Formatted(long second, byte[] text) {}

  private ResponseDate() {}

  /** ASCII text; shared, not to be written to. */
  public static byte[] now() {
    long second = System.currentTimeMillis() / 1000;
    Formatted last = current;
    if (last.second != second) {
      last =
          new Formatted(
              second,
              FORMAT.format(Instant.ofEpochSecond(second)).getBytes(StandardCharsets.US_ASCII));
      current = last;
    }
    return last.text;
  }
}
