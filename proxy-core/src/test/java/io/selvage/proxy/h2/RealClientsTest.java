// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.selvage.model.routing.Settings;
import io.selvage.proxy.http.Limits;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestTls;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Clients we did not write: the JDK's always, curl and h2load where they are installed. Many
 * concurrent 64 KiB responses over TLS have hung other stacks: flow control, TLS and the flush must
 * not wait for one another.
 */
class RealClientsTest {
  private static final TestCa CA = TestCa.root("h2");
  private static final ScriptedExchanges EXCHANGES = new ScriptedExchanges();
  private static TestServer plain;
  private static TestServer tls;

  @BeforeAll
  static void start() throws Exception {
    EXCHANGES.recording = false;
    var certificate = CA.serverFor("localhost");
    var context =
        TestServer.serverTls(
            certificate.key(), certificate.chain().toArray(X509Certificate[]::new));
    plain = new TestServer(EXCHANGES);
    tls = new TestServer(EXCHANGES, Limits.DEFAULT, Settings.defaults(), 100, context, 0);
  }

  @AfterAll
  static void stop() {
    plain.close();
    tls.close();
  }

  private static URI uri(String path) {
    return URI.create("https://localhost:" + tls.port() + path);
  }

  @Test
  void jdkClientGets64KiBOver50StreamsOfTls() throws Exception {
    try (var client =
        HttpClient.newBuilder()
            .sslContext(TestTls.client(CA))
            .version(HttpClient.Version.HTTP_2)
            .build()) {
      var request = HttpRequest.newBuilder(uri("/bytes/65536")).build();
      // The first one makes the connection that the others share.
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofByteArray()).version())
          .isEqualTo(HttpClient.Version.HTTP_2);
      for (int round = 0; round < 10; round++) {
        List<CompletableFuture<HttpResponse<byte[]>>> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
          all.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray()));
        }
        for (var one : all) {
          assertThat(one.get(60, TimeUnit.SECONDS).body()).hasSize(65_536);
        }
      }
    }
  }

  @Test
  void jdkClientUploadsWhatItGetsBack() throws Exception {
    try (var client =
        HttpClient.newBuilder()
            .sslContext(TestTls.client(CA))
            .version(HttpClient.Version.HTTP_2)
            .build()) {
      byte[] body = new byte[1_000_000];
      new java.util.Random(5).nextBytes(body);
      List<CompletableFuture<HttpResponse<byte[]>>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        all.add(
            client.sendAsync(
                HttpRequest.newBuilder(uri("/echo"))
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                    .build(),
                HttpResponse.BodyHandlers.ofByteArray()));
      }
      for (var one : all) {
        assertThat(one.get(60, TimeUnit.SECONDS).body()).isEqualTo(body);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 65536",
    "1, 8, 65536",
    "4, 8, 65536",
    "4, 32, 65536",
    "2, 100, 65536",
    "2, 50, 16384",
    "2, 50, 1024",
    "1, 8, 1000000"
  })
  void h2loadFinishesOverTls(int connections, int streams, int bytes) throws Exception {
    int requests = bytes > 100_000 ? 100 : 1_000;
    String out =
        run(
            "h2load",
            "-n",
            "" + requests,
            "-c",
            "" + connections,
            "-m",
            "" + streams,
            uri("/bytes/" + bytes).toString());
    assertThat(out).contains(requests + " succeeded, 0 failed, 0 errored");
  }

  @ParameterizedTest
  @CsvSource({"10, 10", "16, 16", "16, 12", "12, 16"})
  void h2loadFinishesWithSmallWindows(int streamBits, int connectionBits) throws Exception {
    String out =
        run(
            "h2load",
            "-n",
            "100",
            "-c",
            "2",
            "-m",
            "20",
            "-w",
            "" + streamBits,
            "-W",
            "" + connectionBits,
            uri("/bytes/65536").toString());
    assertThat(out).contains("100 succeeded, 0 failed, 0 errored");
  }

  @Test
  void curlSpeaksWithPriorKnowledge() throws Exception {
    String out =
        run(
            "curl",
            "-sS",
            "--http2-prior-knowledge",
            "-d",
            "hello",
            "-w",
            "%{http_version}",
            "http://127.0.0.1:" + plain.port() + "/echo");
    assertThat(out).isEqualTo("hello2");
  }

  @Test
  void curlGetsManyInParallelOverTls() throws Exception {
    String out =
        run(
            "curl",
            "-skZ",
            "--http2",
            "-o",
            "/dev/null",
            "-w",
            "%{http_version} %{size_download};",
            uri("/bytes/65536?[1-40]").toString());
    // curl mixes its progress meter in.
    assertThat(out.split("2 65536;", -1)).hasSize(41);
  }

  private static String run(String... command) throws Exception {
    assumeTrue(
        Arrays.stream(System.getenv("PATH").split(":"))
            .anyMatch(d -> Files.isExecutable(Path.of(d, command[0]))),
        command[0] + " is not installed");
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var out = process.getInputStream()) {
      CompletableFuture<byte[]> all =
          CompletableFuture.supplyAsync(() -> {
            try {
              return out.readAllBytes();
            } catch (java.io.IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
      assertThat(process.waitFor(90, TimeUnit.SECONDS)).as("ends in time").isTrue();
      return new String(all.get(30, TimeUnit.SECONDS), java.nio.charset.StandardCharsets.UTF_8);
    } finally {
      process.destroyForcibly();
    }
  }
}
