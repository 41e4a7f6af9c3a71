// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.controlplane.observation.query.Answer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Asks the API of a control plane. */
final class ControlPlaneClient implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /** A Prometheus behind the control plane may need a while. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);

  // A newer control plane may say more than this command knows.
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private final ControlPlaneReach reach;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT_TIMEOUT)
          .build();

  /** The parameters of a question. */
  static final class Params {
    private final StringBuilder query = new StringBuilder();

    Params add(String name, String value) {
      query.append(query.isEmpty() ? '?' : '&').append(name).append('=');
      query.append(URLEncoder.encode(value, StandardCharsets.UTF_8));
      return this;
    }

    @Override
    public String toString() {
      return query.toString();
    }
  }

  /**
   * @param reach closed with this
   */
  ControlPlaneClient(ControlPlaneReach reach) {
    this.reach = reach;
  }

  /**
   * Asks a page for its rows.
   *
   * @param page name below {@code /api/v1}
   * @throws CommandFailure with a text for people
   */
  <T> Answer<T> ask(String page, Params params, Class<T> row)
      throws CommandFailure, InterruptedException {
    URI url = reach.url();
    URI address = reach.resolve("api/v1/" + page + params);
    HttpResponse<String> response;
    try {
      response = WholeAnswer.to(client, HttpRequest.newBuilder(address), ANSWER_TIMEOUT);
    } catch (IOException e) {
      throw CommandFailure.unreachable(url + " cannot be reached: " + reason(e));
    }
    try {
      JsonNode body = JSON.readTree(response.body());
      if (response.statusCode() == 200 && body.path("rows").isArray()) {
        JavaType type = JSON.getTypeFactory().constructParametricType(Answer.class, row);
        Answer<T> answer = JSON.convertValue(body, type);
        return new Answer<>(
            answer.rows(), answer.notes().stream().map(TerminalText::line).toList());
      }
      if (body.path("error").isTextual()) {
        String error = TerminalText.line(body.path("error").textValue());
        throw response.statusCode() == 400
            ? CommandFailure.misunderstood(error)
            : CommandFailure.failed(url + " answered " + response.statusCode() + ": " + error);
      }
    } catch (JsonProcessingException | IllegalArgumentException _) {
      // Not ours, see below.
    }
    throw CommandFailure.unreachable(
        url
            + " answers, but is not the API of a control plane (status "
            + response.statusCode()
            + ")");
  }

  private static String reason(IOException e) {
    return switch (e) {
      case HttpConnectTimeoutException _ ->
          "no answer within " + CONNECT_TIMEOUT.toSeconds() + " s";
      case HttpTimeoutException _ -> "no answer within " + ANSWER_TIMEOUT.toSeconds() + " s";
      case ConnectException _ -> "connection refused";
      default ->
          e.getMessage() == null ? e.getClass().getSimpleName() : TerminalText.line(e.getMessage());
    };
  }

  @Override
  public void close() {
    // An answer that was given up must not be waited for.
    client.shutdownNow();
    reach.close();
  }
}
