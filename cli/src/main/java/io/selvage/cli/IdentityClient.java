// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Asks a running control plane about identity, by its API port. */
final class IdentityClient implements AutoCloseable {
  private static final String PATH = "api/v1/identity";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** It answers from memory, but a rotation is begun by writing to an API server. */
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
  private final ControlPlaneReach reach;

  /**
   * @param reach closed with this
   */
  IdentityClient(ControlPlaneReach reach) {
    this.reach = reach;
  }

  /** Where it is. */
  URI base() {
    return reach.url();
  }

  /** The state of identity. */
  JsonNode view() throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder(reach.resolve(PATH)).GET());
  }

  /**
   * Acts on the rotation.
   *
   * @param body as the API takes it
   * @throws IOException with the control plane's words if it refuses
   */
  JsonNode rotate(JsonNode body) throws IOException, InterruptedException {
    return send(
        HttpRequest.newBuilder(reach.resolve(PATH + "/rotate"))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString())));
  }

  private JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
    var answer = http.send(request.timeout(TIMEOUT).build(), BodyHandlers.ofString());
    JsonNode json;
    try {
      json = JSON.readTree(answer.body());
    } catch (JsonProcessingException e) {
      throw new IOException(
          base()
              + " answered "
              + answer.statusCode()
              + " and no JSON; is it a control plane's API port?");
    }
    if (answer.statusCode() / 100 != 2) {
      throw new IOException(json.path("error").asText("HTTP " + answer.statusCode()));
    }
    return json;
  }

  @Override
  public void close() {
    http.shutdownNow();
    reach.close();
  }
}
