// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Locale;

/**
 * The request somebody asks about.
 *
 * @param url absolute, {@code http} or {@code https}; its host is also the TLS server name
 * @param method method token
 * @param headers fields in order; {@code host} replaces the URL's authority, as curl has it
 * @param draw the number in 0..99 that weighted routes draw for each request
 */
public record RequestQuestion(RequestUrl url, String method, List<Field> headers, int draw) {

  /**
   * One header field.
   *
   * @param name lower case
   */
  public record Field(String name, String value) {
    /**
     * Reads {@code name: value}.
     *
     * @throws IllegalArgumentException if there is no colon, or a character no field may hold; the
     *     message is for the person who wrote it
     */
    public static Field parse(String line) {
      int colon = line.indexOf(':');
      if (colon <= 0) {
        throw new IllegalArgumentException(
            "the header \"" + line + "\" is not of the form 'name: value'");
      }
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      String value = line.substring(colon + 1).strip();
      if (!isToken(name) || value.chars().anyMatch(c -> (c < ' ' && c != '\t') || c == 0x7f)) {
        throw new IllegalArgumentException(
            "the header \"" + line + "\" holds a character that no header may hold");
      }
      return new Field(name, value);
    }
  }

  public RequestQuestion {
    requireNonNull(url, "url");
    headers = List.copyOf(headers);
    if (!isToken(method)) {
      throw new IllegalArgumentException("\"" + method + "\" is not a method");
    }
    if (draw < 0 || draw > 99) {
      throw new IllegalArgumentException("the draw " + draw + " is not within 0..99");
    }
  }

  /** A GET without headers of its own, at draw 0. */
  public static RequestQuestion get(String url) {
    return new RequestQuestion(RequestUrl.parse(url), "GET", List.of(), 0);
  }

  /** A token of RFC 9110, section 5.6.2. */
  private static boolean isToken(String text) {
    return !text.isEmpty()
        && text.chars().allMatch(c -> c > ' ' && c < 0x7f && "\"(),/:;<=>?@[\\]{}".indexOf(c) < 0);
  }
}
