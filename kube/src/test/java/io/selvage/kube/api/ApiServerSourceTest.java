// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.selvage.kube.ClusterStateSource;
import io.selvage.model.kube.Kind;
import java.time.Duration;
import java.util.HashMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The API-server source against fabric8's mock, over a connection that misbehaves. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ApiServerSourceTest {
  /** The imitated server blocks its own event loop for tens of seconds when a watch is cut. */
  private static final Duration LIMIT = Duration.ofSeconds(90);

  private final StateRecorder recorder = new StateRecorder();
  private KubernetesMockServer mock;
  private KubernetesClient admin;
  private FaultyProxy proxy;
  private ApiServer api;
  private ClusterStateSource source;

  @BeforeEach
  void startServer() throws Exception {
    mock =
        new KubernetesMockServer(
            new Context(),
            new MockWebServer(),
            new HashMap<>(),
            new KubernetesCrudDispatcher(),
            false);
    mock.init();
    admin = client("http://127.0.0.1:" + mock.getPort() + "/");
    proxy = new FaultyProxy(mock.getPort());
    api =
        ApiServer.connect(
            config(proxy.url()), ApiServerOptions.DEFAULT.withSilentAfter(Duration.ofSeconds(4)));
    source = api.source();
  }

  @AfterEach
  void close() throws Exception {
    source.close();
    api.close();
    proxy.close();
    admin.close();
    MockServers.destroy(mock);
  }

  @Test
  void readsWhatIsThereAndWhatComes() {
    create("one");
    start();
    assertThat(has("one")).isTrue();

    create("two");
    until(() -> has("two"));
    admin.services().inNamespace("shop").withName("one").delete();
    until(() -> !has("one"));
  }

  @Test
  void droppedConnectionsAreMadeAgainAndMissNothing() {
    create("one");
    start();
    until(() -> source.health().connected());

    for (int i = 0; i < 3; i++) {
      proxy.drop();
      create("after-" + i);
      int round = i;
      until(() -> has("after-" + round));
    }

    assertNeverWithout("one");
  }

  @Test
  void aServerThatIsAwayIsFlaggedAndTheStateStays() throws Exception {
    create("one");
    start();
    until(() -> source.health().connected());
    int before = recorder.changes.size();

    proxy.refuse();
    until(() -> !source.health().connected());
    create("meanwhile");
    Thread.sleep(1500);
    assertThat(recorder.changes).hasSize(before);
    int attempts = proxy.accepted();
    Thread.sleep(1000);
    // 6 kinds, pauses of at least 100 ms that double: no storm.
    assertThat(proxy.accepted() - attempts).isLessThan(80);

    proxy.relay();
    until(() -> has("meanwhile") && source.health().connected());
    assertNeverWithout("one");
    assertThat(source.health().reconnects()).isGreaterThanOrEqualTo(1);
  }

  @Test
  void anExpiredWatchLeadsToANewList() {
    create("one");
    start();
    until(() -> source.health().connected());

    String gone =
        """
        {"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,\
        "message":"too old resource version"}\
        """;
    proxy.answer(line -> line.contains("watch=true") ? http("410 Gone", gone) : null);
    create("two");
    admin.services().inNamespace("shop").withName("one").delete();

    // No watch can be had, so only a list can bring this.
    until(() -> has("two") && !has("one"));
    proxy.relay();
    create("three");
    until(() -> has("three") && source.health().connected());
    assertNeverWithout("two", "two");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "200 OK|{\"kind\":\"ServiceList\",\"apiVersion\":\"v1\"",
        "200 OK|<html>maintenance</html>",
        "200 OK|{}",
        "200 OK|[]",
        "200 OK|",
        "200 OK|{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\"}",
        "404 Not Found|{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"code\":404}",
        "403 Forbidden|{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"code\":403}",
        "500 Internal Server Error|oops",
        "503 Service Unavailable|"
      })
  void nonsenseInsteadOfAListRemovesNothing(String answer) throws Exception {
    create("one");
    start();
    until(() -> source.health().connected());

    String[] parts = answer.split("\\|", -1);
    proxy.answer(line -> http(parts[0], parts[1]));
    Thread.sleep(1200);
    assertThat(has("one")).isTrue();
    proxy.relay();
    create("two");

    until(() -> has("two"));
    assertNeverWithout("one");
  }

  @Test
  void nothingIsPublishedWhileOneKindCannotBeListed() throws Exception {
    create("one");
    proxy.answer(line -> line.contains("/secrets") ? http("403 Forbidden", "{}") : null);
    source.start(recorder);
    until(() -> source.health().detail().contains("secrets (HTTP 403)"));
    Thread.sleep(500);
    assertThat(recorder.isSynced()).isFalse();

    proxy.relay();

    until(recorder::isSynced);
    assertThat(recorder.changes.getFirst().state().all(Kind.SERVICE)).hasSize(1);
  }

  /** Thousands of objects from a busy server take longer than a watch is down for. */
  @Test
  void aListThatTakesLongIsWaitedFor() {
    create("one");
    proxy.answer(line -> {
      if (line.contains("/services") && !line.contains("watch=true")) {
        pause(Duration.ofSeconds(9));
      }
      return null;
    });
    source.start(recorder);

    until(recorder::isSynced);
    assertThat(has("one")).isTrue();
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void nothingIsDeliveredAfterClose() throws Exception {
    start();
    source.close();
    int before = recorder.changes.size();

    create("late");
    Thread.sleep(300);

    assertThat(recorder.changes).hasSize(before);
  }

  private void start() {
    source.start(recorder);
    until(recorder::isSynced);
  }

  private void create(String name) {
    admin
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("shop")
                .endMetadata()
                .withNewSpec()
                .addNewPort()
                .withPort(80)
                .endPort()
                .endSpec()
                .build())
        .create();
  }

  private boolean has(String name) {
    return recorder.find(Kind.SERVICE, "shop", name).isPresent();
  }

  private void assertNeverWithout(String name) {
    assertThat(recorder.changes)
        .allSatisfy(c -> assertThat(c.state().find(Kind.SERVICE, "shop", name)).isPresent());
  }

  /** Once it had appeared, {@code name} never went away again. */
  private void assertNeverWithout(String name, String since) {
    assertThat(
            recorder.changes.stream()
                .dropWhile(c -> c.state().find(Kind.SERVICE, "shop", since).isEmpty()))
        .isNotEmpty()
        .allSatisfy(c -> assertThat(c.state().find(Kind.SERVICE, "shop", name)).isPresent());
  }

  private static String http(String status, String body) {
    return "HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
        .formatted(status, body.length(), body);
  }

  private static void until(Callable<Boolean> condition) {
    await().atMost(LIMIT).pollInterval(Duration.ofMillis(20)).until(condition);
  }

  private static Config config(String url) {
    return new ConfigBuilder(Config.empty())
        .withMasterUrl(url)
        .withNamespace("default")
        .withTrustCerts(true)
        .build();
  }

  /**
   * Asks once and waits long: when a watch is cut, the mock stands still for up to half a minute,
   * and a create that is asked for again because of that is refused as a second one.
   */
  private static KubernetesClient client(String url) {
    Config patient = config(url);
    patient.setRequestTimeout(120_000);
    patient.setRequestRetryBackoffLimit(0);
    return new KubernetesClientBuilder()
        .withConfig(patient)
        .withHttpClientFactory(new JdkHttpClientFactory())
        .build();
  }
}
