// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command that is told to end while it waits for the cluster. */
class InterruptedInstallTest {
  @Test
  void leavesNoFilesBehind(@TempDir Path dir) throws Exception {
    Path temporary = Files.createDirectory(dir.resolve("tmp"));
    try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      silent.setSoTimeout((int) TimeUnit.MINUTES.toMillis(2));
      Path kubeconfig =
          Files.writeString(
              dir.resolve("kubeconfig"),
              """
              apiVersion: v1
              kind: Config
              clusters: [{name: k, cluster: {server: "http://127.0.0.1:%d"}}]
              users: [{name: u, user: {}}]
              contexts: [{name: k, context: {cluster: k, user: u}}]
              current-context: k
              """
                  .formatted(silent.getLocalPort()));
      Process mesh = mesh(dir, temporary, kubeconfig);
      try (Socket asked = silent.accept()) {
        assertThat(asked.isConnected()).isTrue();
        assertThat(names(temporary)).anyMatch(name -> name.startsWith("selvage-charts"));
        mesh.destroy();
        assertThat(mesh.waitFor(2, TimeUnit.MINUTES)).isTrue();
      } finally {
        mesh.destroyForcibly();
      }
      assertThat(names(temporary)).noneMatch(name -> name.startsWith("selvage-charts"));
    }
  }

  private static Process mesh(Path dir, Path temporary, Path kubeconfig) throws Exception {
    var builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.io.tmpdir=" + temporary,
            "-cp",
            System.getProperty("java.class.path"),
            "io.selvage.cli.Main",
            "install");
    builder.environment().put("KUBECONFIG", kubeconfig.toString());
    return builder.redirectErrorStream(true).redirectOutput(dir.resolve("log").toFile()).start();
  }

  private static List<String> names(Path folder) throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
