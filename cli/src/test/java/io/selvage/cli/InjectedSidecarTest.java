// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.selvage.kube.manifest.ManifestTrees;
import io.selvage.sidecar.init.ProxyInitMain;
import io.selvage.sidecar.options.OptionParser;
import io.selvage.sidecar.options.SidecarOptions;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is injected, read by the very programs that will run there. */
class InjectedSidecarTest {
  @TempDir Path dir;

  @Test
  void theContainersUnderstandWhatTheyAreToldAndSoDoTheirPrograms() throws Exception {
    JsonNode spec =
        inject(
            "--skip-inbound-ports=25,4000-4100",
            "--skip-outbound-ports=3306",
            "--default-inbound-policy=all-authenticated",
            "--proxy-log-level=debug",
            "--config=skip-subnets=192.168.0.0/16",
            "--config=inbound-port=5143",
            "--config=proxy-outbound-connect-timeout=2s",
            "--config=proxy-inbound-connect-timeout=100ms",
            "--config=proxy-admin-shutdown=enabled",
            "--config=shutdown-grace-period=5m");
    JsonNode init = spec.at("/initContainers/0");
    JsonNode proxy = spec.at("/initContainers/1");

    List<String> arguments = texts(init.path("args"));
    assertThat(arguments.getFirst()).isEqualTo("proxy-init");
    arguments.set(0, "--dry-run");
    var out = new StringWriter();
    var err = new StringWriter();
    int code =
        ProxyInitMain.run(
            new PrintWriter(out, true),
            new PrintWriter(err, true),
            arguments.toArray(String[]::new));
    assertThat(err.toString()).isEmpty();
    assertThat(code).isZero();
    assertThat(out.toString()).contains("5143").contains("3306").contains("192.168.0.0/16");

    assertThat(texts(proxy.path("args"))).containsExactly("sidecar");
    SidecarOptions options = OptionParser.parse(List.of(), environment(proxy));
    assertThat(options.inboundPort()).isEqualTo(5143);
    assertThat(options.inboundPolicy().label()).isEqualTo("all-authenticated");
    assertThat(options.logLevel()).isEqualTo("debug");
    assertThat(options.outboundConnectTimeout()).hasSeconds(2);
    assertThat(options.inboundConnectTimeout()).hasMillis(100);
    assertThat(options.shutdown().grace()).hasMinutes(5);
    assertThat(options.shutdown().byAdmin()).isTrue();
    assertThat(options.pod().name()).isEqualTo("web-1");
    for (Path file : List.of(options.tokenFile(), options.trustAnchors())) {
      assertThat(proxy.path("volumeMounts"))
          .as("a mount for %s", file)
          .anyMatch(m -> file.getParent().equals(Path.of(m.path("mountPath").asText())));
    }
  }

  @Test
  void everyVariableIsOneTheSidecarKnows() throws Exception {
    JsonNode proxy = inject().at("/initContainers/1");
    String help = OptionParser.help();

    for (String variable : environment(proxy).keySet()) {
      String flag = "--" + variable.substring("SELVAGE_".length()).toLowerCase(Locale.ROOT);
      assertThat(help).contains(flag.replace('_', '-') + " ");
    }
  }

  private JsonNode inject(String... flags) throws Exception {
    Path file = dir.resolve("pod.yaml");
    Files.writeString(
        file,
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: web-1, namespace: shop}
        spec: {containers: [{name: app, image: "app:1"}]}
        """);
    var arguments = new ArrayList<Object>(List.of("inject", "--manual"));
    arguments.addAll(List.of(flags));
    arguments.add(file);
    CommandLineRun run = CommandLineRun.mesh(arguments.toArray());
    assertThat(run.code()).as(run.err()).isZero();
    return ManifestTrees.read(run.out(), false).getFirst().json().path("spec");
  }

  /** As the kubelet would fill it in. */
  private static Map<String, String> environment(JsonNode container) {
    var environment = new HashMap<String, String>();
    for (JsonNode variable : container.path("env")) {
      String value =
          switch (variable.at("/valueFrom/fieldRef/fieldPath").asText()) {
            case "" -> variable.path("value").asText();
            case "metadata.namespace" -> "shop";
            case "metadata.name" -> "web-1";
            case "status.podIPs" -> "10.1.0.5,fd00::5";
            default -> throw new AssertionError(variable.toString());
          };
      environment.put(variable.path("name").asText(), value);
    }
    return environment;
  }

  private static List<String> texts(JsonNode list) {
    var texts = new ArrayList<String>();
    list.forEach(item -> texts.add(item.asText()));
    return texts;
  }
}
