// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.Affinity;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Hash64;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Makes the hash by which a request keeps to one endpoint. Immutable, shared by all loops. */
public final class AffinityKey {
  private final Affinity spec;
  private final byte[] name;

  AffinityKey(Affinity spec) {
    this.spec = spec;
    this.name =
        switch (spec) {
          case Affinity.Cookie(String cookie, String path, long ttl) -> {
            checkCookie(cookie, path);
            yield cookie.getBytes(StandardCharsets.US_ASCII);
          }
          case Affinity.Header(String header) ->
              header.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII);
          case Affinity.None(), Affinity.SourceAddress() -> new byte[0];
        };
  }

  /**
   * The hash of what the client sent; {@link Cluster#NO_HASH} when it lacks it.
   *
   * @param clientAddress address of the client, without port
   */
  public long hash(RequestHead head, String clientAddress) {
    HeaderBlock headers = head.headers();
    return switch (spec) {
      case Affinity.None() -> Cluster.NO_HASH;
      case Affinity.SourceAddress() -> Hash64.of(clientAddress);
      case Affinity.Header header -> {
        int i = headers.indexOf(name, 0);
        yield i < 0
            ? Cluster.NO_HASH
            : Hash64.of(headers.array(), headers.valueStart(i), headers.valueEnd(i));
      }
      case Affinity.Cookie cookie -> cookieHash(headers);
    };
  }

  /**
   * A value for the cookie the client lacks: hash it with {@link #hashOf}, and send {@link
   * #setCookie} with the response. Null when no cookie is to be set.
   */
  public @Nullable String newCookieValue() {
    if (spec instanceof Affinity.Cookie cookie && cookie.ttlSeconds() >= 0) {
      ThreadLocalRandom random = ThreadLocalRandom.current();
      return Long.toHexString(random.nextLong()) + Long.toHexString(random.nextLong());
    }
    return null;
  }

  /** The hash that a request carrying this cookie value will have. */
  public long hashOf(String cookieValue) {
    return Hash64.of(cookieValue);
  }

  /** The value of the Set-Cookie field (RFC 6265, section 4.1). */
  public String setCookie(String cookieValue) {
    if (!(spec instanceof Affinity.Cookie cookie)) {
      throw new IllegalStateException("affinity is not by cookie");
    }
    return cookie.name()
        + '='
        + cookieValue
        + (cookie.ttlSeconds() > 0 ? "; Max-Age=" + cookie.ttlSeconds() : "")
        + (cookie.path().isEmpty() ? "" : "; Path=" + cookie.path())
        + "; HttpOnly";
  }

  private long cookieHash(HeaderBlock headers) {
    byte[] bytes = headers.array();
    for (int i = 0; i < headers.count(); i++) {
      if (headers.id(i) != HeaderName.COOKIE || headers.isDropped(i)) {
        continue;
      }
      int at = headers.valueStart(i);
      int end = headers.valueEnd(i);
      while (at < end) {
        int pairEnd = at;
        while (pairEnd < end && bytes[pairEnd] != ';') {
          pairEnd++;
        }
        while (at < pairEnd && (bytes[at] == ' ' || bytes[at] == '\t')) {
          at++;
        }
        int valueStart = at + name.length + 1;
        if (valueStart <= pairEnd && bytes[valueStart - 1] == '=' && nameAt(bytes, at)) {
          return Hash64.of(bytes, valueStart, pairEnd);
        }
        at = pairEnd + 1;
      }
    }
    return Cluster.NO_HASH;
  }

  private boolean nameAt(byte[] bytes, int at) {
    for (int i = 0; i < name.length; i++) {
      if (bytes[at + i] != name[i]) {
        return false;
      }
    }
    return true;
  }

  private static void checkCookie(String name, String path) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c <= 0x20 || c >= 0x7f || "()<>@,;:\\\"/[]?={}".indexOf(c) >= 0) {
        throw new BadRouteException("InvalidCookie", "the cookie name " + name + " is not a token");
      }
    }
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c < 0x20 || c >= 0x7f || c == ';') {
        throw new BadRouteException("InvalidCookie", "the cookie path " + path + " is not legal");
      }
    }
    if (name.isEmpty()) {
      throw new BadRouteException("InvalidCookie", "the cookie has no name");
    }
  }
}
