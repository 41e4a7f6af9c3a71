// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import static java.util.Objects.requireNonNull;

import java.util.Locale;

/**
 * An http or https URL taken apart without judging it: authority and target go to the parsers of
 * the data path, so that what those refuse is refused here too.
 *
 * @param secure https
 * @param authority host and port as written
 * @param target path and query, {@code /} when the URL ends with its authority
 */
public record RequestUrl(boolean secure, String authority, String target) {
  public RequestUrl {
    requireNonNull(authority, "authority");
    requireNonNull(target, "target");
  }

  /**
   * Takes a URL apart.
   *
   * @throws IllegalArgumentException if it does not begin with {@code http://} or {@code https://}
   *     and an authority; the message is for the person who wrote it
   */
  public static RequestUrl parse(String url) {
    String lower = url.toLowerCase(Locale.ROOT);
    boolean secure = lower.startsWith("https://");
    if (!secure && !lower.startsWith("http://")) {
      throw new IllegalArgumentException(
          "\"" + url + "\" is not a URL that begins with http:// or https://");
    }
    String rest = url.substring(secure ? 8 : 7);
    int end = 0;
    while (end < rest.length() && "/?#".indexOf(rest.charAt(end)) < 0) {
      end++;
    }
    if (end == 0) {
      throw new IllegalArgumentException("the URL \"" + url + "\" names no host");
    }
    String target = rest.substring(end);
    // A client keeps the fragment to itself.
    int fragment = target.indexOf('#');
    if (fragment >= 0) {
      target = target.substring(0, fragment);
    }
    return new RequestUrl(
        secure, rest.substring(0, end), target.startsWith("/") ? target : "/" + target);
  }

  @Override
  public String toString() {
    return (secure ? "https://" : "http://") + authority + target;
  }
}
