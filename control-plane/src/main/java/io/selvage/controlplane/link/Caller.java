// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import static java.util.Objects.requireNonNull;

import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;

/**
 * Whoever calls the API.
 *
 * @param token of the Authorization field; empty = none
 * @param loopback whether the connection came from this machine
 * @param foreignPage whether a web page of another origin made the call
 */
public record Caller(Optional<String> token, boolean loopback, boolean foreignPage) {
  private static final String BEARER = "bearer ";

  public Caller {
    requireNonNull(token, "token");
  }

  /** Who sent a request, as far as its fields and its connection say. */
  public static Caller of(HttpServerRequest request) {
    String authorization = request.getHeader("authorization");
    boolean bearer =
        authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length());
    String site = request.getHeader("sec-fetch-site");
    String origin = request.getHeader("origin");
    boolean foreign =
        site != null && !site.equals("same-origin") && !site.equals("none")
            || origin != null && !isOwn(origin, request);
    return new Caller(
        bearer ? Optional.of(authorization.substring(BEARER.length()).strip()) : Optional.empty(),
        Peers.isLoopback(Peers.address(request.remoteAddress())),
        foreign);
  }

  private static boolean isOwn(String origin, HttpServerRequest request) {
    var authority = request.authority();
    return authority != null
        && (origin.equals("http://" + authority) || origin.equals("https://" + authority));
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "Caller[loopback=" + loopback + "]";
  }
}
