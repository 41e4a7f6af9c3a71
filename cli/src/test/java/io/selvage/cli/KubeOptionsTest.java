// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.cli.check.FakeCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every command that talks to a cluster, with kubeconfigs good and bad. */
class KubeOptionsTest {
  @TempDir private Path dir;

  @AfterEach
  void forget() {
    System.clearProperty("kubeconfig");
  }

  static Stream<List<String>> commands() {
    return Stream.of(
        List.of("check"),
        List.of("check", "--pre"),
        List.of("version"),
        List.of("version", "--proxy"),
        List.of("install"),
        List.of("install", "--crds"),
        List.of("upgrade"),
        List.of("uninstall"),
        List.of("prune"),
        List.of("stat", "pod"),
        List.of("edges", "pod"),
        List.of("routes", "svc/web"),
        List.of("top", "deploy/web"),
        List.of("tap", "deploy/web"),
        List.of("identity"),
        List.of("identity", "rotate"),
        List.of("identity", "rotate", "--follow"),
        List.of("dashboard", "--no-browser"));
  }

  private static CommandLineRun run(List<String> command, String... more) {
    var all = new ArrayList<Object>(command);
    all.addAll(List.of(more));
    return mesh(all.toArray());
  }

  private static void isOneSentence(List<String> command, CommandLineRun run, String text) {
    assertThat(run.code()).as(command + ": " + run.err()).isEqualTo(1);
    assertThat(run.err().lines()).as(command.toString()).hasSize(1);
    assertThat(run.err()).as(command.toString()).contains(text).doesNotContain("Exception");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void aKubeconfigThatIsNoneIsOneSentence(List<String> command) throws Exception {
    Path bad = Files.writeString(dir.resolve("bad"), "clusters: [");
    isOneSentence(command, run(command, "--kubeconfig", bad.toString()), "bad cannot be used");
    System.setProperty("kubeconfig", bad.toString());
    isOneSentence(command, run(command), "bad cannot be used");
    Path none = dir.resolve("none");
    isOneSentence(
        command, run(command, "--kubeconfig", none.toString()), "there is no kubeconfig " + none);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void aContextThatIsNoneIsOneSentence(List<String> command) throws Exception {
    try (var cluster = new FakeCluster()) {
      Path good = Files.writeString(dir.resolve("good"), cluster.kubeconfig());
      isOneSentence(
          command,
          run(command, "--kubeconfig", good.toString(), "--context", "x"),
          "has no context \"x\": it has k");
    }
  }

  @Test
  void theNamedClusterAnswers() throws Exception {
    try (var cluster = new FakeCluster()) {
      System.setProperty("kubeconfig", dir.resolve("none").toString());
      Path good = Files.writeString(dir.resolve("good"), cluster.kubeconfig());
      cluster.add(
          """
          apiVersion: v1
          kind: ConfigMap
          metadata: {name: selvage-config, namespace: selvage}
          data: {version: 0.0.9}
          """);
      assertThat(mesh("version").out()).contains("Server version: unavailable");
      assertThat(mesh("version", "--kubeconfig", good, "--context", "k").out())
          .contains("Server version: 0.0.9");
    }
  }

  @Test
  void aCommandThatFailsUnexpectedlySaysOneSentence() {
    var err = new java.io.StringWriter();
    var broken = new picocli.CommandLine(new Broken());
    broken.setErr(new java.io.PrintWriter(err, true));
    broken.setExecutionExceptionHandler(Main.commandLine().getExecutionExceptionHandler());
    assertThat(broken.execute()).isEqualTo(1);
    assertThat(err.toString())
        .isEqualTo("broken: IllegalStateException: a?b (set SELVAGE_TRACE=1 to see where)\n");
  }

  /** Throws what nobody expects. */
  @picocli.CommandLine.Command(name = "broken")
  private static final class Broken implements Runnable {
    @Override
    public void run() {
      throw new IllegalStateException("a\nb");
    }
  }
}
