// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real Prometheus on a loopback port, of the Debian package, with a folder of its own. */
public final class PrometheusServer implements AutoCloseable {
  private final Process process;
  private final int port;

  private PrometheusServer(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** The program: named by {@code PROMETHEUS_BIN}, or on the PATH. */
  public static Optional<Path> program() {
    String named = System.getenv("PROMETHEUS_BIN");
    Stream<Path> candidates =
        named != null
            ? Stream.of(Path.of(named))
            : Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, "prometheus"));
    return candidates.filter(Files::isExecutable).findFirst();
  }

  /**
   * @param scrape the {@code scrape_configs} part of its configuration
   */
  public static PrometheusServer start(Path program, Path folder, String scrape)
      throws IOException {
    Path config = folder.resolve("prometheus.yml");
    Files.writeString(config, scrape);
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Process process =
        new ProcessBuilder(
                program.toString(),
                "--config.file=" + config,
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port,
                "--log.level=warn")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    return new PrometheusServer(process, port);
  }

  public URI url() {
    return URI.create("http://127.0.0.1:" + port);
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor(20, TimeUnit.SECONDS);
    }
  }
}
