// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

class GatewayCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }

  @Test
  void wantsExactlyOneSource(@TempDir Path folder) {
    assertThat(run("gateway")).isEqualTo(2);
    assertThat(run("gateway", "--from", folder.toString(), "--kubernetes")).isEqualTo(2);
    assertThat(err.toString()).contains("--from", "--kubernetes");
  }

  @Test
  void namesAFileThatIsNoFolder(@TempDir Path folder) throws IOException {
    Path file = Files.createFile(folder.resolve("a.yaml"));

    assertThat(run("gateway", "--from", file.toString())).isEqualTo(2);

    assertThat(err.toString()).contains("a.yaml is not a folder");
  }

  @ParameterizedTest
  @CsvSource({
    "--address, example.com, takes an IP address",
    "--admin-address, '', takes an IP address",
    "--http-port, 65536, not within 0..65535",
    "--https-port, -1, not within 0..65535",
    "--admin-port, 65536, not within 0..65535",
    "--drain-timeout, 5, no time such as",
    "--drain-timeout, -5s, no time such as",
    "--drain-lame-duck, soon, no time such as"
  })
  void refusesAValueItCannotUse(String option, String value, String message, @TempDir Path folder) {
    assertThat(run("gateway", "--from", folder.toString(), option + "=" + value)).isEqualTo(2);
    assertThat(err.toString()).contains(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "control-plane --from . --identity-dir . --external-identity | goes with --kubernetes",
        "control-plane --kubernetes --identity-dir . --external-identity | without --identity-dir",
        "injector --proxy-default=proxy-memory-limit=much | \"much\" is not a quantity",
        "injector --proxy-default=proxy-memory-limit=1Mi | is below 96Mi",
        "injector --proxy-default=inbound-port=1 | \"inbound-port\" has no default of the mesh",
        "injector --proxy-default=nothing=1 | there is no \"nothing\""
      })
  void theOtherComponentsRefuseWhatContradictsItself(String command, String message) {
    assertThat(run(command.split(" "))).isEqualTo(2);
    assertThat(err.toString()).contains(message);
  }

  @Test
  void wantsAllOfTheMeshOrNothing(@TempDir Path folder) {
    String from = folder.toString();
    assertThat(run("gateway", "--from", from, "--control-plane", "a:1")).isEqualTo(2);
    assertThat(err.toString()).contains("--token-file", "--trust-anchors");
    assertThat(run("gateway", "--from", from, "--trust-domain", "example.org")).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({
    "a:0, cluster.local, \"a:0\" is not HOST:PORT",
    "a:1, Not A Domain, not a trust domain",
  })
  void refusesAMeshItCannotJoin(
      String controlPlane, String trustDomain, String message, @TempDir Path folder) {
    assertThat(
            run(
                "gateway",
                "--from",
                folder.toString(),
                "--control-plane",
                controlPlane,
                "--token-file",
                "token",
                "--trust-anchors",
                "anchors",
                "--trust-domain",
                trustDomain))
        .isEqualTo(2);
    assertThat(err.toString()).contains(message);
  }

  @Test
  void saysThatTheAdminPortIsInUse(@TempDir Path folder) throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());

      assertThat(run("gateway", "--from", folder.toString(), "--admin-port", port)).isEqualTo(1);

      assertThat(err.toString()).contains("admin port 127.0.0.1:" + port + " cannot be opened");
      assertThat(out.toString()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"250ms, 250", "5s, 5000", "2m, 120000", "0s, 0"})
  void readsTimes(String text, long millis) {
    assertThat(new DurationOption().convert(text)).isEqualTo(Duration.ofMillis(millis));
  }

  @Test
  void librariesThatLogByTheJavaLoggerAreReadInTheOneLog() {
    var name = "a.library.with.java.logging";
    var logger = (ch.qos.logback.classic.Logger) LoggerFactory.getLogger(name);
    var lines = new ListAppender<ILoggingEvent>();
    lines.start();
    logger.addAppender(lines);

    JavaLogging.bridge();
    java.util.logging.Logger.getLogger(name).warning("no collector");

    assertThat(lines.list)
        .singleElement()
        .satisfies(event -> {
          assertThat(event.getFormattedMessage()).isEqualTo("no collector");
          assertThat(event.getLevel()).isEqualTo(Level.WARN);
        });
    SLF4JBridgeHandler.uninstall();
  }
}
