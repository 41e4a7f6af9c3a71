// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The fields by which one hop tells the next who the client is. What an untrusted client says about
 * itself is dropped first, then ours are added; a field that {@code Connection} nominates was
 * dropped by the codec before, so a client can neither forge nor remove them.
 */
public final class ForwardedFields {
  private static final byte[] X_FORWARDED_FOR = ascii("x-forwarded-for");
  private static final byte[] X_FORWARDED_PROTO = ascii("x-forwarded-proto");
  private static final byte[] X_REQUEST_ID = ascii("x-request-id");
  private static final byte[] HTTP = ascii("http");
  private static final byte[] HTTPS = ascii("https");
  private static final byte[] X_ENVOY = ascii("x-envoy-");
  private static final byte[] L5D = ascii("l5d-");
  private static final byte[] COMMA = ascii(", ");
  private static final byte[] HEX = ascii("0123456789abcdef");

  private ForwardedFields() {}

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Address of the client: the peer, or the entry the outermost trusted proxy wrote. */
  static String clientAddress(RequestHead head, int trustedHops, String peer) {
    if (trustedHops == 0) {
      return peer;
    }
    // The last entry was written by the proxy next to us about its peer, the one before by the
    // next.
    String all = join(head.headers());
    int end = all.length();
    for (int hop = 1; end > 0; hop++) {
      int comma = all.lastIndexOf(',', end - 1);
      if (hop == trustedHops) {
        String entry = all.substring(comma + 1, end).strip();
        return entry.isEmpty() ? peer : entry;
      }
      end = comma;
    }
    return peer;
  }

  /**
   * True if the request counts as https for the listener.
   *
   * @param wireSecure TLS was terminated here
   */
  public static boolean isSecure(ListenerSpec listener, RequestHead head, boolean wireSecure) {
    return switch (listener.securityModel()) {
      case SECURE -> true;
      case INSECURE -> false;
      case XFP -> {
        Boolean https = trustedHttps(head.headers(), listener.trustedHops());
        yield https == null ? wireSecure : https;
      }
    };
  }

  /** Whether a trusted proxy says the client used https; null = nobody trusted says. */
  private static @Nullable Boolean trustedHttps(HeaderBlock fields, int trustedHops) {
    if (trustedHops == 0) {
      return null;
    }
    int i = fields.indexOf(HeaderName.X_FORWARDED_PROTO);
    if (i < 0) {
      return null;
    }
    int from = fields.valueStart(i);
    int length = fields.valueEnd(i) - from;
    if (HeaderName.equalsIgnoreCase(HTTPS, fields.array(), from, length)) {
      return true;
    }
    return HeaderName.equalsIgnoreCase(HTTP, fields.array(), from, length) ? false : null;
  }

  /** Drops what only a proxy may say, and settles x-forwarded-proto and x-forwarded-for. */
  static void apply(RequestHead head, int trustedHops, boolean wireSecure, String peer) {
    HeaderBlock fields = head.headers();
    Boolean trusted = trustedHttps(fields, trustedHops);
    boolean https = trusted == null ? wireSecure : trusted;
    int count = fields.count();
    int forwardedFor = 0;
    for (int i = 0; i < count; i++) {
      switch (fields.id(i)) {
        case HeaderName.X_FORWARDED_FOR -> forwardedFor += fields.isDropped(i) ? 0 : 1;
        case HeaderName.X_FORWARDED_PROTO, HeaderName.X_FORWARDED_CLIENT_CERT -> fields.drop(i);
        case HeaderName.FORWARDED,
            HeaderName.X_REAL_IP,
            HeaderName.X_FORWARDED_HOST,
            HeaderName.X_FORWARDED_PORT -> {
          if (trustedHops == 0) {
            fields.drop(i);
          }
        }
        case HeaderName.X_ENVOY_ORIGINAL_PATH -> fields.drop(i);
        case HeaderName.OTHER -> {
          if (startsWith(fields, i, X_ENVOY) || startsWith(fields, i, L5D)) {
            fields.drop(i);
          }
        }
        default -> {}
      }
    }
    addForwardedFor(fields, forwardedFor, peer);
    fields.add(X_FORWARDED_PROTO, https ? HTTPS : HTTP);
  }

  private static void addForwardedFor(HeaderBlock fields, int present, String peer) {
    byte[] value;
    if (present == 0) {
      value = ascii(peer);
    } else {
      // One line: too many backends look at the first or the last line only.
      value = (join(fields) + ", " + peer).getBytes(StandardCharsets.ISO_8859_1);
      fields.dropAll(HeaderName.X_FORWARDED_FOR);
    }
    fields.add(X_FORWARDED_FOR, value);
  }

  /** All x-forwarded-for values in one list. */
  private static String join(HeaderBlock fields) {
    StringBuilder all = null;
    String only = "";
    for (int i = 0; i < fields.count(); i++) {
      if (fields.id(i) == HeaderName.X_FORWARDED_FOR && !fields.isDropped(i)) {
        if (only.isEmpty()) {
          only = fields.value(i);
        } else {
          all = all == null ? new StringBuilder(only) : all;
          all.append(new String(COMMA, StandardCharsets.US_ASCII)).append(fields.value(i));
        }
      }
    }
    return all == null ? only : all.toString();
  }

  /** The id of the request: the client's if it may keep it, else a fresh random UUID. */
  static String requestId(HeaderBlock fields, boolean preserve) {
    if (preserve) {
      String given = fields.valueOf(HeaderName.X_REQUEST_ID);
      if (given != null && !given.isEmpty()) {
        return given;
      }
    }
    fields.dropAll(HeaderName.X_REQUEST_ID);
    byte[] id = new byte[36];
    ThreadLocalRandom random = ThreadLocalRandom.current();
    // Version 4, variant 1 (RFC 9562 section 5.4). Unique, not secret: no need for a strong source.
    long high = random.nextLong() & ~0xf000L | 0x4000L;
    long low = random.nextLong() & 0x3fffffffffffffffL | 0x8000000000000000L;
    int at = 0;
    for (int nibble = 0; nibble < 32; nibble++) {
      if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) {
        id[at++] = '-';
      }
      long half = nibble < 16 ? high : low;
      id[at++] = HEX[(int) (half >>> (60 - 4 * (nibble & 15))) & 15];
    }
    fields.add(X_REQUEST_ID, id);
    return new String(id, StandardCharsets.ISO_8859_1);
  }

  private static boolean startsWith(HeaderBlock fields, int i, byte[] lower) {
    int from = fields.nameStart(i);
    return fields.nameEnd(i) - from > lower.length
        && HeaderName.equalsIgnoreCase(lower, fields.array(), from, lower.length);
  }
}
