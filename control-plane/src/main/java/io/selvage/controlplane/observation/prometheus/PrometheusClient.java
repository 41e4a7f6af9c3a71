// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.query.QueryException.Fault;
import io.selvage.controlplane.observation.workload.Printable;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;

/**
 * Instant queries by the HTTP API of Prometheus ({@code /api/v1/query}). Bounded in time and in
 * what is read; failures are {@link QueryException}s that name the URL.
 */
final class PrometheusClient implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

  /** Told to Prometheus too, which then gives up by itself. */
  static final Duration TIMEOUT = Duration.ofSeconds(15);

  static final int MAX_BODY_BYTES = 64 * 1024 * 1024;

  private static final ObjectMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(20).build())
                  .build())
          .build();

  private final URI url;
  private final Executor parsing;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT_TIMEOUT)
          .build();

  /**
   * @param url of the server, perhaps with a path before {@code /api}
   * @param parsing runs what is too much for the client's own thread
   */
  PrometheusClient(URI url, Executor parsing) {
    this.url = url;
    this.parsing = parsing;
  }

  /** The vector of a query as of now. */
  CompletableFuture<List<Sample>> query(String promQl) {
    String base = url.toString();
    URI page = URI.create((base.endsWith("/") ? base : base + "/") + "api/v1/query");
    String form =
        "query="
            + URLEncoder.encode(promQl, StandardCharsets.UTF_8)
            + "&timeout="
            + TIMEOUT.toSeconds()
            + "s";
    HttpRequest request =
        HttpRequest.newBuilder(page)
            .timeout(TIMEOUT)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(form))
            .build();
    return client
        .sendAsync(request, _ -> new BoundedBody())
        .handleAsync(
            (response, failure) -> {
              if (failure != null) {
                throw unreachable(failure);
              }
              return parse(response);
            },
            parsing);
  }

  private QueryException unreachable(Throwable thrown) {
    Throwable cause = thrown;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    String reason =
        switch (cause) {
          case HttpTimeoutException _ -> "no answer within " + TIMEOUT.toSeconds() + " s";
          case ConnectException _ -> "connection refused";
          default ->
              cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        };
    return failure("cannot be asked: " + reason);
  }

  private List<Sample> parse(HttpResponse<byte[]> response) {
    JsonNode body;
    try {
      body = JSON.readTree(response.body());
    } catch (IOException _) {
      throw failure("answers " + response.statusCode() + " without JSON: is it a Prometheus?");
    }
    if (body == null || !body.path("status").isTextual()) {
      throw failure("answers " + response.statusCode() + ", but not as a Prometheus does");
    }
    if (!body.path("status").textValue().equals("success")) {
      throw failure(
          "refuses the query: " + Printable.text(body.path("error").asText("no reason given")));
    }
    JsonNode data = body.path("data");
    if (!data.path("resultType").asText().equals("vector")) {
      throw failure("answers with no vector");
    }
    var samples = new ArrayList<Sample>();
    for (JsonNode element : data.path("result")) {
      Map<String, String> labels = new HashMap<>();
      element
          .path("metric")
          .properties()
          .forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
      double value = number(element.path("value").path(1).asText());
      if (Double.isFinite(value) && value >= 0) {
        samples.add(new Sample(labels, value));
      }
    }
    return samples;
  }

  private double number(String text) {
    if (text.endsWith("Inf")) {
      return Double.POSITIVE_INFINITY; // which nothing is counted by, whatever its sign
    }
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException _) {
      throw failure("answers with a value that is no number");
    }
  }

  private QueryException failure(String what) {
    return new QueryException(Fault.PROMETHEUS, "Prometheus at " + shown() + " " + what);
  }

  /** The URL without what may be a password. */
  private String shown() {
    return url.getRawUserInfo() == null
        ? url.toString()
        : url.toString().replace(url.getRawUserInfo() + "@", "");
  }

  /** Reads up to {@link #MAX_BODY_BYTES}. */
  private static final class BoundedBody implements HttpResponse.BodySubscriber<byte[]> {
    private final HttpResponse.BodySubscriber<byte[]> all =
        HttpResponse.BodySubscribers.ofByteArray();
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private Flow.Subscription subscription = new Done();
    private long read;

    BoundedBody() {
      all.getBody()
          .whenComplete((bytes, failure) -> {
            if (failure == null) {
              body.complete(bytes);
            } else {
              body.completeExceptionally(failure);
            }
          });
    }

    @Override
    public CompletionStage<byte[]> getBody() {
      return body;
    }

    @Override
    public void onSubscribe(Flow.Subscription upstream) {
      subscription = upstream;
      all.onSubscribe(upstream);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      for (ByteBuffer buffer : buffers) {
        read += buffer.remaining();
      }
      if (read > MAX_BODY_BYTES) {
        subscription.cancel();
        onError(new IOException("the answer is larger than " + MAX_BODY_BYTES + " bytes"));
      } else if (!body.isDone()) {
        all.onNext(buffers);
      }
    }

    @Override
    public void onError(Throwable failure) {
      all.onError(failure);
    }

    @Override
    public void onComplete() {
      all.onComplete();
    }
  }

  /** Before there is a subscription. */
  private static final class Done implements Flow.Subscription {
    @Override
    public void request(long n) {}

    @Override
    public void cancel() {}
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
