// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code mesh tap} against a server that answers with lines of a control plane's. */
class TapCommandTest {
  private static final String ROW =
      """
      {"id":"1:2","proxy":"in",\
      "src":{"address":"10.0.0.1:4","namespace":"shop","pod":"web-1","identity":"",\
      "owners":{"deployment":"web"}},\
      "dst":{"address":"10.0.0.2:80","namespace":"","pod":"","identity":"","owners":{}},\
      "tls":"Not Provided By Remote","denied":false,"service":"","route":"a b",\
      "method":"GET","scheme":"http","authority":"books","path":"/a\\u001b[31m",\
      "status":200,"grpc_status":0,"latency_us":123,"duration_us":456,"request_bytes":0,\
      "response_bytes":7,"outcome":"ok","broken":false}
      """;
  private static final String BEGIN = "id=1:2 proxy=in  src=10.0.0.1:4 dst=10.0.0.2:80";

  @TempDir private Path dir;
  private HttpServer server;
  private volatile int status = 200;
  private volatile String body = "{\"proxies\":1,\"dropped\":0}\n" + ROW;
  private volatile String asked = "";
  private volatile String token = "";

  @BeforeEach
  void serve() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/api/v1/tap",
        exchange -> {
          asked = String.valueOf(exchange.getRequestURI().getRawQuery());
          token = String.valueOf(exchange.getRequestHeaders().getFirst("authorization"));
          byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private CommandLineRun tap(String... args) {
    var all = new ArrayList<Object>(List.of("tap"));
    all.addAll(List.of(args));
    all.addAll(List.of("--control-plane", "http://127.0.0.1:" + server.getAddress().getPort()));
    return mesh(all.toArray());
  }

  @Test
  void anExchangeIsThreeLines() {
    CommandLineRun run = tap("deploy/web", "-n", "shop", "--count", "1");
    assertThat(run.code()).as(run.err()).isZero();
    String common = BEGIN + " tls=Not_Provided_By_Remote";
    assertThat(run.out())
        .isEqualTo(
            "req "
                + common
                + " :method=GET :authority=books :path=/a?[31m\n"
                + "rsp "
                + common
                + " :status=200 latency=123µs\n"
                + "end "
                + common
                + " grpc-status=OK duration=456µs response-length=7B\n");
    assertThat(run.err()).isEqualTo("Tapping 1 proxy.\n");
    assertThat(asked)
        .startsWith("resource=deployment%2Fweb&namespace=shop&max_rps=100&")
        .endsWith("&headers=false");
    assertThat(token).isEqualTo("null");
  }

  @Test
  void wideNamesTheEndsAndJsonIsWhatCame() throws Exception {
    assertThat(tap("deploy/web", "-o", "wide", "--count", "1").out())
        .contains(" src_ns=shop src_pod=web-1 src_deployment=web rt_route=a_b\n");
    CommandLineRun json = tap("deploy/web", "-o", "json", "--count", "1");
    JsonNode row = new ObjectMapper().readTree(json.out());
    assertThat(row).isEqualTo(new ObjectMapper().readTree(ROW));
    assertThat(asked).endsWith("&headers=true");
  }

  @Test
  void whatBrokeOffSaysHow() {
    body =
        ROW.replace("\"broken\":false", "\"broken\":true")
            .replace("\"outcome\":\"ok\"", "\"outcome\":\"client_gone\"")
            .replace("\"status\":200", "\"status\":null");
    assertThat(tap("deploy/web", "--count", "1").out())
        .doesNotContain("rsp ")
        .contains("reset-error=client_gone");
  }

  @Test
  void aTapThatEndsIsAFailure() {
    body = "{\"proxies\":0,\"dropped\":0}\n{\"proxies\":2,\"dropped\":3}\n";
    CommandLineRun run = tap("deploy/web");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .isEqualTo(
            "No proxy of the resource is connected; those that come are tapped.\n"
                + "Tapping 2 proxies.\n3 requests were too many to be shown.\n"
                + "The control plane has ended the tap.\n");
  }

  @Test
  void aRefusalIsSaidInItsWords() throws Exception {
    status = 403;
    body = "{\"error\":\"ann may not watch taps.selvage.io in the namespace shop\"}";
    Path file = Files.writeString(dir.resolve("token"), "abc\n");
    CommandLineRun run = tap("deploy/web", "--token-file", file.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("answered 403: ann may not watch taps.selvage.io");
    assertThat(token).isEqualTo("Bearer abc");
    assertThat(tap("deploy/web", "--token-file", file + ".none").err()).contains("cannot be read");
  }

  @Test
  void labelsArePassedOn() {
    assertThat(tap("deploy", "-l", "app=web,tier!=x", "--count", "1").code()).isZero();
    assertThat(asked).contains("&selector=app%3Dweb%2Ctier%21%3Dx&");
    asked = "";
    assertThat(tap("deploy", "-l", "=x").err()).contains("not a label selector");
    assertThat(asked).isEmpty();
  }

  @Test
  void whatIsAskedWronglyIsSaid() {
    assertThat(tap("svc/web").err()).contains("a service has no proxy");
    assertThat(tap("deploy,po").code()).isEqualTo(2);
    assertThat(tap("deploy/web", "--path", "x").err()).contains("a path begins with /");
    assertThat(tap("deploy/web", "--max-rps", "1001").err()).contains("1..1000: 1001");
    assertThat(asked).isEmpty();
  }
}
