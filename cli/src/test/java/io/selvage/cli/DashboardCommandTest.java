// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.controlplane.app.ControlPlaneProcess;
import io.selvage.controlplane.observation.ObservationOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code mesh dashboard}, and the page as a control plane of a folder serves it. */
class DashboardCommandTest {
  @TempDir private Path dir;

  private ControlPlaneProcess controlPlane() throws IOException {
    return ControlPlanes.fromFolder(
        ControlPlaneOptions.defaults().withPorts(0, 0, 0),
        Files.createDirectories(dir.resolve("objects")),
        dir.resolve("identity"),
        ObservationOptions.defaults());
  }

  @Test
  void itPrintsTheAddressOfAPageThatIsThere() throws Exception {
    try (ControlPlaneProcess process = controlPlane()) {
      String url = "http://127.0.0.1:" + process.apiPort();
      CommandLineRun run = mesh("dashboard", "--no-browser", "--control-plane", url);
      assertThat(run.code()).as(run.err()).isZero();
      assertThat(run.out()).isEqualTo("The page of the control plane: " + url + "/\n");
      try (HttpClient client = HttpClient.newHttpClient()) {
        HttpResponse<String> page = get(client, url + "/");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("<title>Selvage</title>");
        assertThat(page.headers().firstValue("content-security-policy").orElse(""))
            .contains("default-src 'none'", "require-trusted-types-for 'script'");
        for (String part : List.of("page.css", "page.js", "tap.js", "topology.js", "icon.svg")) {
          HttpResponse<String> answer = get(client, url + "/" + part);
          assertThat(answer.statusCode()).as(part).isEqualTo(200);
          assertThat(answer.body()).as("nothing comes from elsewhere").doesNotContain("https://");
        }
        String tag = page.headers().firstValue("etag").orElseThrow();
        HttpRequest again =
            HttpRequest.newBuilder(URI.create(url + "/")).header("if-none-match", tag).build();
        assertThat(client.send(again, BodyHandlers.ofString()).statusCode()).isEqualTo(304);
      }
    }
  }

  @Test
  void aNameThatIsNotOursIsRefused() throws Exception {
    try (ControlPlaneProcess process = controlPlane();
        var socket = new Socket(InetAddress.getLoopbackAddress(), process.apiPort())) {
      socket.setSoTimeout(20_000);
      socket
          .getOutputStream()
          .write(
              "GET /api/v1/overview HTTP/1.1\r\nhost: rebound.example.com\r\nconnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .startsWith("HTTP/1.1 421 ")
          .doesNotContain("trust_domain");
    }
  }

  private static HttpResponse<String> get(HttpClient client, String url) throws Exception {
    return client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString());
  }

  @Test
  void whatIsNoControlPlaneIsCalledSo() throws Exception {
    try (var traffic = new FakeTraffic()) {
      CommandLineRun run = mesh("dashboard", "--no-browser", "--control-plane", traffic.url());
      assertThat(run.code()).isEqualTo(1);
      assertThat(run.err()).contains("is not a control plane with a page");
    }
    CommandLineRun run = mesh("dashboard", "--no-browser", "--control-plane", "ftp://x/");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("ftp://x/ is not the http URL of a control plane");
    assertThat(mesh("dashboard", "--port", "65536").code()).isEqualTo(2);
  }

  @Test
  void aBrowserIsOpenedWhereThereIsAScreen() {
    assertThat(DashboardCommand.browser("Linux", Map.of(), "u")).isEmpty();
    assertThat(DashboardCommand.browser("Linux", Map.of("DISPLAY", ":0"), "u"))
        .contains(List.of("xdg-open", "u"));
    assertThat(DashboardCommand.browser("Linux", Map.of("WAYLAND_DISPLAY", "w"), "u"))
        .contains(List.of("xdg-open", "u"));
    assertThat(DashboardCommand.browser("Mac OS X", Map.of(), "u")).contains(List.of("open", "u"));
  }
}
