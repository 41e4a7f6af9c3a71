// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import java.util.List;

/**
 * Cross-origin rules answered by the gateway (Fetch Standard, section 3.2).
 *
 * @param origins exact origins, or the single element {@code *}
 * @param maxAge value of Access-Control-Max-Age; empty = none
 */
public record CorsSpec(
    List<String> origins,
    List<String> methods,
    List<String> headers,
    List<String> exposedHeaders,
    boolean credentials,
    String maxAge) {
  public CorsSpec {
    origins = List.copyOf(origins);
    methods = List.copyOf(methods);
    headers = List.copyOf(headers);
    exposedHeaders = List.copyOf(exposedHeaders);
  }
}
