// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.kube.manifest.ManifestTrees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InjectCommandTest {
  private static final String WEB =
      """
      # a comment is lost, nothing else is
      kind: Deployment
      apiVersion: apps/v1
      metadata:
        name: web
      spec:
        zeta: 1
        alpha: "yes"
        template:
          spec:
            containers:
            - name: app
              image: app:1
      """;

  @TempDir Path dir;

  @Test
  void anAnnotatedManifestKeepsItsOrderAndItsFields() throws Exception {
    CommandLineRun run = CommandLineRun.mesh("inject", file("web.yaml", WEB));

    assertThat(run.code()).isZero();
    assertThat(run.out())
        .isEqualTo(
            """
            kind: Deployment
            apiVersion: apps/v1
            metadata:
              name: web
            spec:
              zeta: 1
              alpha: "yes"
              template:
                spec:
                  containers:
                  - name: app
                    image: app:1
                metadata:
                  annotations:
                    selvage.io/inject: enabled
            ---
            """);
    assertThat(run.err()).isEqualTo("\ndeployment \"web\" injected\n\n");
  }

  @Test
  void manualPutsTheSidecarInAndUninjectTakesItOut() throws Exception {
    CommandLineRun run =
        CommandLineRun.mesh(
            "inject",
            "--manual",
            "--proxy-image=example/mesh:1",
            "--skip-outbound-ports=25",
            file("web.yaml", WEB));

    assertThat(run.code()).isZero();
    JsonNode pod = ManifestTrees.read(run.out(), false).getFirst().json().at("/spec/template");
    assertThat(pod.at("/spec/initContainers/1/image").asText()).isEqualTo("example/mesh:1");
    assertThat(pod.at("/spec/initContainers/0/args").toString())
        .contains("--skip-outbound-ports=25");
    assertThat(pod.at("/metadata/annotations/selvage.io~1created-by").asText())
        .startsWith("selvage/cli ");

    CommandLineRun back = CommandLineRun.mesh("uninject", file("injected.yaml", run.out()));
    assertThat(back.err()).isEqualTo("\ndeployment \"web\" uninjected\n\n");
    assertThat(back.out()).doesNotContain("selvage").contains("alpha: \"yes\"");
    assertThat(CommandLineRun.mesh("uninject", file("web.yaml", WEB)).err())
        .isEqualTo("\ndeployment \"web\" skipped\n\n");
  }

  @Test
  void warningsStandBeforeTheList() throws Exception {
    String all =
        WEB
            + """
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: host}
            spec: {hostNetwork: true, containers: [{name: a}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: dns}
            spec: {containers: [{name: a, ports: [{containerPort: 53, protocol: UDP}]}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: other}
            spec: {containers: [{name: linkerd-proxy}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: never, annotations: {selvage.io/inject: disabled}}
            spec: {containers: [{name: a}]}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: c}
            """;

    CommandLineRun run = CommandLineRun.mesh("inject", file("all.yaml", all));

    assertThat(run.err())
        .isEqualTo(
            """

            \u203c "hostNetwork: true" detected in pod/host
            \u203c known 3rd party sidecar detected in pod/other
            \u203c "selvage.io/inject: disabled" annotation set on pod/never
            \u203c pod/dns uses "protocol: UDP"
            deployment "web" injected
            pod "host" skipped
            pod "dns" injected
            pod "other" skipped
            pod "never" skipped
            configmap "c" skipped

            """);
  }

  @Test
  void verboseSaysWhatWasNotFound() throws Exception {
    assertThat(CommandLineRun.mesh("inject", "--verbose", file("web.yaml", WEB)).err())
        .isEqualTo(
            """

            \u221a pods do not use host networking
            \u221a pods do not have a 3rd party proxy or initContainer already injected
            \u221a pods are not annotated to disable injection
            \u221a at least one resource can be injected or annotated
            \u221a pod specs do not include UDP ports
            deployment "web" injected

            """);
  }

  @Test
  void nothingToInjectIsSaidAndNoError() throws Exception {
    CommandLineRun run =
        CommandLineRun.mesh(
            "inject", file("c.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}"));

    assertThat(run.code()).isZero();
    assertThat(run.err())
        .isEqualTo("\n\u203c no supported objects found\nconfigmap \"c\" skipped\n\n");
  }

  @Test
  void aFolderIsReadInTheOrderOfItsFilesAndJsonIsPrintedOnRequest() throws Exception {
    file("b.yaml", WEB);
    file(
        "a.json",
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\"}}");
    file("notes.txt", "not a manifest");

    CommandLineRun run = CommandLineRun.mesh("inject", "-o", "json", dir.toString());

    assertThat(run.err())
        .isEqualTo("\nnamespace \"shop\" annotated\ndeployment \"web\" injected\n\n");
    try (var values =
        new ObjectMapper().readerFor(JsonNode.class).<JsonNode>readValues(run.out())) {
      assertThat(values.readAll())
          .extracting(o -> o.path("kind").asText())
          .containsExactly("Namespace", "Deployment");
    }
  }

  @Test
  void whatCannotBeTransformedEndsWithOneAndPrintsNothing() throws Exception {
    String broken = WEB + "---\nkind: Pod\nmetadata: {name: p}\nspec: {containers: 1}\n";
    for (List<String> bad :
        List.of(
            List.of(broken, "pod \"p\": spec.containers is not a list"),
            List.of(WEB + "---\na: [\n", "web.yaml:"),
            List.of("just text\n", "expected a Kubernetes object"))) {
      CommandLineRun run = CommandLineRun.mesh("inject", file("web.yaml", bad.get(0)));

      assertThat(run.code()).isEqualTo(1);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).startsWith("Error transforming resources:\n").contains(bad.get(1));
    }
    assertThat(CommandLineRun.mesh("inject", dir.resolve("missing").toString()).err())
        .contains("no such file or folder");
  }

  @Test
  void aFlagThatMakesNoSenseEndsWithTwo() throws Exception {
    String web = file("web.yaml", WEB);

    for (List<String> bad :
        List.of(
            List.of("--opaque-ports=x", "opaque-ports"),
            List.of("--config=no-such=1", "config.selvage.io/no-such"),
            List.of("--output=xml", "-o takes yaml or json"))) {
      CommandLineRun run = CommandLineRun.mesh("inject", bad.get(0), web);
      assertThat(run.code()).isEqualTo(2);
      assertThat(run.err()).contains(bad.get(1));
    }
    CommandLineRun run = CommandLineRun.mesh("inject", "--manual", "--trust-domain=NO", web);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("trust domain");
  }

  private String file(String name, String text) throws Exception {
    return Files.writeString(dir.resolve(name), text).toString();
  }
}
