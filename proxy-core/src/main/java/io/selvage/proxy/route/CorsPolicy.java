// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.CorsSpec;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cross-origin rules answered by the gateway (Fetch Standard, section 3.2). Pure: looks at a
 * request, writes response fields. Immutable, shared by all loops.
 */
public final class CorsPolicy {
  private static final List<String> RESPONSE_FIELDS =
      List.of(
          "access-control-allow-origin",
          "access-control-allow-credentials",
          "access-control-expose-headers");

  private final CorsSpec spec;
  private final boolean anyOrigin;
  private final String methods;
  private final String headers;
  private final String exposed;

  /**
   * @throws BadRouteException if a value could not stand in a header
   */
  CorsPolicy(CorsSpec spec) {
    this.spec = spec;
    this.anyOrigin = spec.origins().contains("*");
    this.methods = join(spec.methods());
    this.headers = join(spec.headers());
    this.exposed = join(spec.exposedHeaders());
    join(spec.origins());
    join(List.of(spec.maxAge()));
  }

  public CorsSpec spec() {
    return spec;
  }

  /**
   * True for a preflight of an allowed origin, which the gateway answers itself. One of another
   * origin goes on to the backend like any request, as Envoy does.
   */
  public boolean isPreflight(RequestHead head) {
    return head.method().equals("OPTIONS")
        && head.headers().indexOf(HeaderName.ACCESS_CONTROL_REQUEST_METHOD) >= 0
        && allowedOrigin(head) != null;
  }

  /** Writes the fields of the answer to a preflight, whose status is 200 and which has no body. */
  public void writePreflight(RequestHead head, HeaderBlock response) {
    writeOrigin(head, response);
    if (!methods.isEmpty()) {
      response.add("access-control-allow-methods", methods);
    }
    if (!headers.isEmpty()) {
      response.add("access-control-allow-headers", headers);
    }
    if (!spec.maxAge().isEmpty()) {
      response.add("access-control-max-age", spec.maxAge());
    }
  }

  /**
   * Writes the fields of an ordinary response, in place of what the backend may have set. Nothing
   * changes for a request without Origin or of another origin.
   */
  public void writeResponse(RequestHead head, HeaderBlock response) {
    if (allowedOrigin(head) == null) {
      return;
    }
    for (String field : RESPONSE_FIELDS) {
      response.dropAll(field.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
    writeOrigin(head, response);
    if (!exposed.isEmpty()) {
      response.add("access-control-expose-headers", exposed);
    }
  }

  private void writeOrigin(RequestHead head, HeaderBlock response) {
    String origin = allowedOrigin(head);
    if (origin == null) {
      return;
    }
    // A browser refuses "*" together with credentials (Fetch, section 3.2.5).
    boolean wildcard = anyOrigin && !spec.credentials();
    response.add("access-control-allow-origin", wildcard ? "*" : origin);
    if (!wildcard) {
      response.add("vary", "Origin");
    }
    if (spec.credentials()) {
      response.add("access-control-allow-credentials", "true");
    }
  }

  /** The request's origin if it is allowed, else null. */
  private @Nullable String allowedOrigin(RequestHead head) {
    String origin = head.headers().valueOf(HeaderName.ORIGIN);
    if (origin == null || origin.isEmpty()) {
      return null;
    }
    return anyOrigin || spec.origins().contains(origin) ? origin : null;
  }

  private static String join(List<String> values) {
    String joined = String.join(", ", values);
    for (int i = 0; i < joined.length(); i++) {
      char c = joined.charAt(i);
      if (c < 0x20 || c >= 0x7f) {
        throw new BadRouteException(
            "InvalidCors", "a CORS value is not plain text: " + joined.strip());
      }
    }
    return joined;
  }
}
