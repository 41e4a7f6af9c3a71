// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers of something that is not the control plane it should be. */
class HostileAnswersTest {
  /** OSC, CSI in both forms, a forged line, directions of writing, ends of lines of Unicode. */
  private static final String EVIL =
      "\\u001b]0;x\\u0007\\u001b[2J\\u009b31m\\nFORGED\\r\\u202e\\u2066\\u200b\\u2028\\u2029";

  private static ScriptedOrigin answering(String status, String body) throws IOException {
    return ScriptedOrigin.answering(
        "HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
  }

  private static CommandLineRun run(ScriptedOrigin origin, String command) {
    String words = command + " --control-plane http://127.0.0.1:" + origin.port();
    return mesh((Object[]) words.split(" "));
  }

  private static void isFitForATerminal(CommandLineRun run) {
    assertThat(run.out() + run.err()).doesNotContainPattern("[\\p{C}\\p{Zl}\\p{Zp}&&[^\n]]");
    assertThat((run.out() + run.err()).lines()).noneMatch(line -> line.startsWith("FORGED"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          edges pod -A -o wide | "src":"E","src_namespace":"E","dst":"E","dst_namespace":"E","client_id":"E","server_id":"E","no_tls_reason":"E","denied":false
          edges pod -A -o json | "src":"E","src_namespace":"E","dst":"E","dst_namespace":"E","client_id":"E","server_id":"E","no_tls_reason":"E","denied":false
          routes pod -A        | "route":"E","service":"E","resource":"E"
          """)
  void noRowAndNoNoteGivesATerminalOrders(String command, String row) throws IOException {
    String body = "{\"rows\":[{" + row + "}],\"notes\":[\"E\"]}";
    try (var origin = answering("200 OK", body.replace("\"E\"", '"' + EVIL + '"'))) {
      CommandLineRun run = run(origin, command);
      assertThat(run.code()).isZero();
      assertThat(run.err()).startsWith("note: ?]0;x??[2J?31m?FORGED??????");
      isFitForATerminal(run);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"edges pod", "stat pod", "routes pod", "identity", "identity rotate"})
  void noErrorDoesEither(String command) throws IOException {
    try (var origin = answering("500 No", "{\"error\":\"" + EVIL + "\"}")) {
      CommandLineRun run = run(origin, command);
      assertThat(run.code()).isEqualTo(1);
      assertThat(run.err()).contains("FORGED");
      isFitForATerminal(run);
    }
  }

  @Test
  void noIdentityDoesEither() throws IOException {
    String body =
        """
        {"trustDomain":"E","issuer":{"subject":"E","sha256":"E","notAfter":"E"},"anchors":[{"subject":"E"}],
        "fingerprint":"E","proxies":[{"count":1,"fingerprint":"E","names":["E"]}],
        "rotation":{"phase":"E","waiting":1,"waitingFor":["E"],"trouble":"E"},"problems":["E"]}
        """
            .replace("\"E\"", '"' + EVIL + '"');
    for (String command : new String[] {"identity", "identity -o json"}) {
      try (var origin = answering("200 OK", body)) {
        CommandLineRun run = run(origin, command);
        assertThat(run.out()).contains("FORGED");
        isFitForATerminal(run);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "[]", "{}", "\"x\"", ""})
  void whatIsNothingAboutIdentityIsNotShown(String body) throws IOException {
    try (var origin = answering("200 OK", body)) {
      CommandLineRun run = run(origin, "identity");
      assertThat(run.code()).isEqualTo(1);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).contains("is it a control plane's API port?");
    }
  }

  @Test
  void whatIsNoHttpIsNotPrintedAsItIs() throws IOException {
    try (var origin = ScriptedOrigin.answering("\33[2J\7\r\n\r\n")) {
      CommandLineRun run = run(origin, "edges pod");
      assertThat(run.code()).isEqualTo(1);
      isFitForATerminal(run);
    }
  }

  @Test
  void anAnswerThatNeverEndsIsGivenUp() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
              for (int i = 0; i < 2_000; i++) {
                c.send(" ");
                Thread.sleep(10);
              }
            });
        HttpClient client = HttpClient.newHttpClient()) {
      assertThatThrownBy(() -> WholeAnswer.to(client, to(origin), Duration.ofSeconds(1)))
          .isInstanceOf(HttpTimeoutException.class)
          .hasMessage("no answer within 1 s");
      client.shutdownNow();
    }
  }

  @Test
  void anAnswerIsTakenUpToItsBound() throws Exception {
    var most = (int) WholeAnswer.MAX_BYTES;
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (int length : new int[] {most, most + 1}) {
        try (var origin =
            ScriptedOrigin.start(c -> {
              c.readUntil("\r\n\r\n");
              c.send("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n");
              String piece = "x".repeat(1 << 16);
              for (int sent = 0; sent < length; sent += piece.length()) {
                c.send(piece.substring(0, Math.min(piece.length(), length - sent)));
              }
              c.readToEnd();
            })) {
          if (length == most) {
            assertThat(WholeAnswer.to(client, to(origin), Duration.ofSeconds(60)).body())
                .hasSize(length);
          } else {
            assertThatThrownBy(() -> WholeAnswer.to(client, to(origin), Duration.ofSeconds(60)))
                .isInstanceOf(IOException.class);
          }
        }
      }
      client.shutdownNow();
    }
  }

  private static HttpRequest.Builder to(ScriptedOrigin origin) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + origin.port() + "/"));
  }
}
