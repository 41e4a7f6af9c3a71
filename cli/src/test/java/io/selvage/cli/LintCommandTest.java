// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LintCommandTest {
  @TempDir Path dir;

  @Test
  void aSoundFolderHasNoProblems() throws IOException {
    Files.writeString(dir.resolve("web.yaml"), Website.ALL);

    var run = mesh("lint", dir);

    assertThat(run.out()).isEqualTo("4 objects, 0 errors, 0 warnings\n");
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isZero();
  }

  @Test
  void aBrokenManifestIsNamedWithFileAndLine() throws IOException {
    Files.writeString(dir.resolve("web.yaml"), Website.ALL);
    Files.writeString(dir.resolve("broken.yaml"), "kind: Ingress\nmetadata: {name: x\n");

    var run = mesh("lint", dir);

    assertThat(run.out()).containsPattern("broken\\.yaml:\\d+: error");
    assertThat(run.out()).startsWith(dir.toString());
    assertThat(run.code()).isOne();
  }

  @Test
  void whatTheCompilerFindsCarriesTheObjectsPlaceInItsFile() throws IOException {
    Files.writeString(dir.resolve("web.yaml"), Website.LISTENER + Website.MAPPING);

    var run = mesh("lint", dir);

    assertThat(run.out())
        .containsPattern("web\\.yaml:1[0-9]: (error|warning) Mapping default/website ")
        .contains("website");
  }

  @Test
  void linesAreSortedByFileAndLine() throws IOException {
    Files.writeString(dir.resolve("b.yaml"), "}");
    Files.writeString(dir.resolve("a.yaml"), "}");

    assertThat(mesh("lint", dir).out().lines().filter(l -> l.contains(".yaml")).toList())
        .isSorted()
        .hasSizeGreaterThanOrEqualTo(2);
  }

  @Test
  void jsonHoldsTheSameFindings() throws IOException {
    Files.writeString(dir.resolve("web.yaml"), Website.ALL);
    Files.writeString(dir.resolve("bad.yaml"), "}");

    var run = mesh("lint", "-o", "json", dir);

    JsonNode report = new ObjectMapper().readTree(run.out());
    assertThat(report.get("errors").asInt()).isOne();
    JsonNode finding = report.get("problems").get(0);
    assertThat(finding.get("file").asText()).isEqualTo(dir.resolve("bad.yaml").toString());
    assertThat(finding.get("severity").asText()).isEqualTo("error");
    assertThat(finding.get("message").asText()).isNotEmpty();
    assertThat(run.code()).isOne();
  }

  @Test
  void severalFoldersAreTakenTogether() throws IOException {
    Path base = Files.createDirectory(dir.resolve("base"));
    Path routes = Files.createDirectory(dir.resolve("routes"));
    Files.writeString(base.resolve("service.yaml"), Website.SERVICE + Website.ENDPOINTS);
    Files.writeString(routes.resolve("web.yaml"), Website.LISTENER + Website.MAPPING);

    assertThat(mesh("lint", base, routes).out()).isEqualTo("4 objects, 0 errors, 0 warnings\n");
  }

  @Test
  void anObjectThatTwoFoldersDefineIsAnError() throws IOException {
    Path one = Files.createDirectory(dir.resolve("one"));
    Path two = Files.createDirectory(dir.resolve("two"));
    Files.writeString(one.resolve("web.yaml"), Website.ALL);
    Files.writeString(two.resolve("service.yaml"), Website.SERVICE);

    var run = mesh("lint", one, two);

    assertThat(run.out()).contains(two.resolve("service.yaml").toString(), "(DuplicateObject)");
    assertThat(run.code()).isOne();
  }

  @Test
  void aSingleFileIsAcceptedToo() throws IOException {
    Path file = Files.writeString(dir.resolve("web.yaml"), Website.ALL);
    assertThat(mesh("lint", file).out()).startsWith("4 objects, 0 errors");
  }

  @Test
  void anEmptyFolderIsAWarning() {
    var run = mesh("lint", dir);
    assertThat(run.out()).contains("FolderEmpty").endsWith("0 objects, 0 errors, 1 warning\n");
    assertThat(run.code()).isZero();
  }

  @Test
  void aMissingFolderIsAUsageError() {
    var run = mesh("lint", dir.resolve("nowhere"));
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("nowhere: no such file or folder");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void noFolderIsAUsageError() {
    assertThat(mesh("lint").code()).isEqualTo(2);
  }

  @Test
  void anUnknownOutputFormIsAUsageError() {
    var run = mesh("lint", "-o", "xml", dir);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("xml").contains("text").contains("json");
  }
}
