// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExplainCommandTest {
  @TempDir Path dir;

  @BeforeEach
  void write() throws IOException {
    Files.writeString(dir.resolve("web.yaml"), Website.ALL);
  }

  @Test
  void showsEachStepToTheEndpoint() {
    var run = mesh("explain", "http://127.0.0.1:18080/web/a?b", "--from", dir);

    assertThat(run.out())
        .startsWith("GET http://127.0.0.1:18080/web/a?b\n√ goes to 127.0.0.1:9001 as /a?b\n")
        .contains("Listener default/web")
        .contains("Mapping default/website")
        .contains("endpoint    127.0.0.1:9001");
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isZero();
  }

  @Test
  void whatNothingServesIsExitCodeOneWithTheReason() {
    var run = mesh("explain", "http://127.0.0.1:18080/engine/", "--from", dir);

    assertThat(run.out()).contains("×").contains("[404]").contains("/web/");
    assertThat(run.code()).isOne();
  }

  @Test
  void jsonIsTheSameExplanation() throws IOException {
    var run = mesh("explain", "-o", "json", "http://x:18080/web/", "--from", dir);

    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.get("verdict").asText()).isEqualTo("FORWARDED");
    assertThat(json.get("backend").get("endpoint").asText()).isEqualTo("127.0.0.1:9001");
    assertThat(json.get("backend").get("path").asText()).isEqualTo("/");
  }

  @Test
  void methodAndHeadersAreOfTheRequest() throws IOException {
    Files.writeString(
        dir.resolve("post.yaml"),
        Website.MAPPING
            .replace("name: website", "name: post")
            .replace("/web/", "/web/x/")
            .replace("service: website", "service: website\n  method: POST\n  headers: {v: '2'}"));

    var get = mesh("explain", "http://x:18080/web/x/", "--from", dir);
    var post = mesh("explain", "http://x:18080/web/x/", "-X", "POST", "-H", "V: 2", "--from", dir);

    assertThat(get.out()).containsPattern("route +Mapping default/website: first match");
    assertThat(post.out()).containsPattern("route +Mapping default/post: first match");
  }

  @Test
  void aRunningGatewayThatCannotBeReachedIsExitCodeOne() {
    var run = mesh("explain", "http://x/", "--admin", "http://127.0.0.1:1");
    assertThat(run.code()).isOne();
    assertThat(run.err()).contains("http://127.0.0.1:1 cannot be reached");
  }

  @Test
  void badUsageIsExitCodeTwoWithTheReason() {
    assertUsage("http:// or https://", "explain", "ftp://x/", "--from", dir);
    assertUsage("names no host", "explain", "http:///x", "--from", dir);
    assertUsage("name: value", "explain", "http://x/", "-H", "nocolon", "--from", dir);
    assertUsage("not a method", "explain", "http://x/", "-X", "G T", "--from", dir);
    assertUsage("0..99", "explain", "http://x/", "--draw", "100", "--from", dir);
    assertUsage("--from", "explain", "http://x/");
    assertUsage("exclusive", "explain", "http://x/", "--from", dir, "--admin", "http://x");
    assertUsage("no such file or folder", "explain", "http://x/", "--from", dir.resolve("no"));
    assertUsage("admin port", "explain", "http://x/", "--admin", "9901");
  }

  private static void assertUsage(String why, Object... args) {
    var run = mesh(args);
    assertThat(run.code()).as("exit code of %s", (Object) args).isEqualTo(2);
    assertThat(run.err()).contains(why);
    assertThat(run.out()).isEmpty();
  }
}
