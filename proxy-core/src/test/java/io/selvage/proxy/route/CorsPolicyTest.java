// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static io.selvage.proxy.route.Routes.get;
import static io.selvage.proxy.route.Routes.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.routing.CorsSpec;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.RequestHead;
import java.util.List;
import org.junit.jupiter.api.Test;

class CorsPolicyTest {
  private static final CorsPolicy LISTED =
      new CorsPolicy(
          new CorsSpec(
              List.of("https://a.example", "http://b.example"),
              List.of("GET", "POST"),
              List.of("X-One", "X-Two"),
              List.of("X-Out"),
              true,
              "600"));
  private static final CorsPolicy ANYONE =
      new CorsPolicy(new CorsSpec(List.of("*"), List.of(), List.of(), List.of(), false, ""));

  @Test
  void answersAPreflightOfAListedOrigin() {
    RequestHead head = preflight("https://a.example");
    var response = new HeaderBlock();

    assertThat(LISTED.isPreflight(head)).isTrue();
    LISTED.writePreflight(head, response);

    assertThat(response)
        .hasToString(
            """
            access-control-allow-origin: https://a.example
            vary: Origin
            access-control-allow-credentials: true
            access-control-allow-methods: GET, POST
            access-control-allow-headers: X-One, X-Two
            access-control-max-age: 600
            """);
  }

  @Test
  void leavesOtherRequestsToTheBackend() {
    assertThat(LISTED.isPreflight(preflight("https://evil.example"))).isFalse();
    assertThat(LISTED.isPreflight(preflight("https://a.example.evil"))).isFalse();
    assertThat(LISTED.isPreflight(preflight("HTTPS://a.example"))).isFalse();
    assertThat(LISTED.isPreflight(request("OPTIONS", "/", "Origin: https://a.example"))).isFalse();
    assertThat(LISTED.isPreflight(request("OPTIONS", "/", "Access-Control-Request-Method: GET")))
        .isFalse();
    assertThat(
            LISTED.isPreflight(
                get("/", "Origin: https://a.example", "Access-Control-Request-Method: GET")))
        .isFalse();
  }

  @Test
  void replacesWhatTheBackendSaidAboutOrigins() {
    var response = new HeaderBlock();
    response.add("Access-Control-Allow-Origin", "*");
    response.add("X-Other", "1");

    LISTED.writeResponse(get("/", "Origin: http://b.example"), response);

    assertThat(response)
        .hasToString(
            """
            X-Other: 1
            access-control-allow-origin: http://b.example
            vary: Origin
            access-control-allow-credentials: true
            access-control-expose-headers: X-Out
            """);
  }

  @Test
  void changesNothingForOtherOriginsOrNone() {
    var response = new HeaderBlock();
    response.add("Access-Control-Allow-Origin", "https://its.own");

    LISTED.writeResponse(get("/"), response);
    LISTED.writeResponse(get("/", "Origin: https://evil.example"), response);

    assertThat(response).hasToString("Access-Control-Allow-Origin: https://its.own\n");
  }

  @Test
  void answersAStarToAnyoneButNamesTheOriginWithCredentials() {
    var response = new HeaderBlock();
    ANYONE.writeResponse(get("/", "Origin: https://x"), response);
    assertThat(response).hasToString("access-control-allow-origin: *\n");

    var named = new HeaderBlock();
    new CorsPolicy(new CorsSpec(List.of("*"), List.of(), List.of(), List.of(), true, ""))
        .writeResponse(get("/", "Origin: https://x"), named);
    assertThat(named)
        .hasToString(
            """
            access-control-allow-origin: https://x
            vary: Origin
            access-control-allow-credentials: true
            """);
  }

  @Test
  void refusesValuesThatWouldEndAField() {
    assertThatThrownBy(() ->
            new CorsPolicy(
                new CorsSpec(
                    List.of("*"), List.of("GET\r\nX: y"), List.of(), List.of(), false, "")))
        .isInstanceOf(BadRouteException.class);
  }

  private static RequestHead preflight(String origin) {
    return request("OPTIONS", "/x", "Origin: " + origin, "Access-Control-Request-Method: POST");
  }
}
