// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Optional;

/** Asks a running control plane about identity, by its API port. */
final class IdentityClient implements AutoCloseable {
  private static final String PATH = "api/v1/identity";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** It answers from memory, but a rotation is begun by writing to an API server. */
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final HttpClient http;
  private ControlPlaneReach reach;
  private final Duration timeout;

  /**
   * @param reach closed with this
   */
  IdentityClient(ControlPlaneReach reach) {
    this(reach, TIMEOUT);
  }

  /**
   * @param timeout of each call
   */
  IdentityClient(ControlPlaneReach reach, Duration timeout) {
    this.reach = reach;
    this.timeout = timeout;
    this.http = HttpClient.newBuilder().connectTimeout(timeout).build();
  }

  /** The way it goes. */
  ControlPlaneReach reach() {
    return reach;
  }

  /**
   * Goes another way from now on.
   *
   * @param next closed with this; the one before is closed now
   */
  void go(ControlPlaneReach next) {
    ControlPlaneReach before = reach;
    reach = next;
    before.close();
  }

  /** What to say when it did not answer. */
  String trouble(IOException e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return reach.url() + ": " + TerminalText.line(message);
  }

  /** The state of identity. */
  JsonNode view() throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder(reach.resolve(PATH)).GET());
  }

  /**
   * Acts on the rotation.
   *
   * @param body as the API takes it
   * @param token who acts; empty where whoever is on the machine may
   * @throws HttpTimeoutException if it did not answer in time: it may act all the same
   * @throws IOException with the control plane's words if it refuses
   * @throws CommandFailure if the token is none
   */
  JsonNode rotate(JsonNode body, Optional<CallerToken> token)
      throws IOException, InterruptedException, CommandFailure {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(reach.resolve(PATH + "/rotate"))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
    if (token.isPresent()) {
      token.get().addTo(request);
    }
    return send(request);
  }

  private JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<String> answer = WholeAnswer.to(http, request, timeout);
    JsonNode json;
    try {
      json = JSON.readTree(answer.body());
    } catch (JsonProcessingException e) {
      throw notOurs(answer, "no JSON");
    }
    if (answer.statusCode() / 100 != 2) {
      throw new IOException(json.path("error").asText("HTTP " + answer.statusCode()));
    }
    if (!json.path("trustDomain").isTextual()) {
      throw notOurs(answer, "nothing about identity");
    }
    return json;
  }

  private static IOException notOurs(HttpResponse<?> answer, String what) {
    return new IOException(
        "answered " + answer.statusCode() + " and " + what + "; is it a control plane's API port?");
  }

  @Override
  public void close() {
    http.shutdownNow();
    reach.close();
  }
}
