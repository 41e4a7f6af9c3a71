// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.selvage.injector.Trees;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** An injector whose API server is away; {@code InjectorIT} has one. */
class InjectorProcessTest {
  @Test
  void itSaysThatItLeavesAndGoesOn() throws Exception {
    var options =
        new InjectorOptions(
            "127.0.0.1",
            0,
            "127.0.0.1",
            0,
            "selvage",
            InjectorOptions.NAME,
            List.of(),
            false,
            Optional.empty(),
            Trees.settings(),
            "test");
    Config away = new ConfigBuilder(Config.empty()).withMasterUrl("http://127.0.0.1:1/").build();
    try (InjectorProcess injector =
        InjectorProcess.start(options, ApiServer.connect(away, ApiServerOptions.DEFAULT))) {
      assertThat(injector.obstacles()).doesNotContain("draining");
      CompletableFuture<Void> leaving =
          CompletableFuture.runAsync(() -> injector.drainAndClose(Duration.ofMinutes(10)));
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> get(injector, "/ready").contains("draining"));
      assertThat(get(injector, "/live")).startsWith("200");
      assertThat(injector.stopped()).isNotDone();

      injector.close();

      leaving.get(60, TimeUnit.SECONDS);
      assertThat(injector.stopped()).isDone();
    }
  }

  private static String get(InjectorProcess injector, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI uri = URI.create("http://127.0.0.1:" + injector.adminPort() + path);
      HttpResponse<String> response =
          client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
      return response.statusCode() + " " + response.body();
    }
  }
}
