// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Takes an answer to its last byte. Whoever answers is not known to be a control plane, and the
 * time that a request is given by {@link HttpRequest.Builder#timeout} ends with the answer's head.
 */
final class WholeAnswer {
  /** Largest body in bytes: the longest table of a control plane has 20,000 rows. */
  static final long MAX_BYTES = 64L * 1024 * 1024;

  private WholeAnswer() {}

  /**
   * Sends a request.
   *
   * @param within for everything, the connection included
   * @throws HttpTimeoutException if that was not enough
   * @throws IOException also if the body is above {@link #MAX_BYTES}
   */
  static HttpResponse<String> to(HttpClient client, HttpRequest.Builder request, Duration within)
      throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<String>> asked =
        client.sendAsync(
            request.timeout(within).build(),
            BodyHandlers.limiting(BodyHandlers.ofString(), MAX_BYTES));
    try {
      return asked.get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      asked.cancel(true);
      throw new HttpTimeoutException("no answer within " + within.toSeconds() + " s");
    } catch (InterruptedException e) {
      asked.cancel(true);
      throw e;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IllegalStateException("a fault of ours", e.getCause());
    }
  }
}
