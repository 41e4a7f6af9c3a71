// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkPodsIT {
  private static final String SERVER =
      """
      import socket, sys
      s = socket.socket(socket.AF_INET6)
      s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
      s.bind(("::", 7000)); s.listen(16); print("listening", flush=True)
      while True:
          c, peer = s.accept()
          c.sendall(("hello from " + sys.argv[1] + " to " + peer[0] + "\\n").encode()); c.close()
      """;

  @TempDir Path dir;
  private NetworkPods pods;

  @BeforeEach
  void make() throws Exception {
    Optional<String> why = NetworkPods.unavailable();
    assumeTrue(why.isEmpty(), () -> "skipped: " + why.orElseThrow());
    assumeTrue(NetworkPods.isInstalled("python3"), "skipped: needs python3");
    pods = NetworkPods.create(dir);
  }

  @AfterEach
  void remove() {
    if (pods != null) {
      pods.close();
    }
  }

  @Test
  void routesBetweenPodsAndServiceAddresses() throws Exception {
    NetworkPod a = pods.pod("a");
    NetworkPod b = pods.pod("b");
    NetworkPod c = pods.pod("c");
    serve(b);
    serve(c);
    Capture capture = b.capture();
    assertThat(talk(a, b.address())).isEqualTo("hello from b to ::ffff:" + a.address());
    assertThat(talk(a, b.address6())).isEqualTo("hello from b to " + a.address6());
    assertThat(talk(pods.node(), b.address())).startsWith("hello from b");
    assertThat(capture.stop())
        .anyMatch(flow -> flow.contains("hello from b to ::ffff:" + a.address()))
        .anyMatch(flow -> flow.contains("hello from b to " + a.address6()))
        .noneMatch(PacketFile.Flow::isTls);

    pods.serviceAddress("10.96.0.9", 7000, List.of(b.address() + ":7000"));
    assertThat(talk(a, "10.96.0.9")).startsWith("hello from b");
    assertThat(talk(pods.node(), "10.96.0.9")).startsWith("hello from b");
    pods.serviceAddress("10.96.0.9", 7000, List.of(c.address() + ":7000"));
    assertThat(talk(a, "10.96.0.9")).startsWith("hello from c");
    pods.serviceAddress("fd96::9", 7000, List.of("[" + c.address6() + "]:7000"));
    assertThat(talk(a, "fd96::9")).startsWith("hello from c");
  }

  @Test
  void runsProgramsAsAnotherUserAndEndsThemWithTheirPod() throws Exception {
    NetworkPod a = pods.pod("a");
    Running sleeping = a.start("sleep", 2102, Map.of(), List.of("sleep", "600"));
    assertThat(Files.readString(Path.of("/proc/" + sleeping.pid() + "/status")))
        .containsPattern("Uid:\\s+(2102|0)\\s");
    a.remove();
    assertThat(sleeping.isAlive()).isFalse();
    assertThat(Path.of("/run/netns", a.namespace())).doesNotExist();
    assertThat(pods.pod("a").address()).isNotEqualTo(a.address());
  }

  @Test
  void removesWhatAKilledRunLeftAndNothingElse() throws Exception {
    // Process ids end at 4,194,304 on Linux: nobody has this one.
    String left = "selvage-4999999-abc-0000-node";
    String foreign = "selvaged-4999999-abc-0000-node";
    Ran.must("ip", "netns", "add", left);
    Ran.must("ip", "netns", "add", foreign);
    try (NetworkPods second = NetworkPods.create(dir.resolve("second"))) {
      assertThat(Path.of("/run/netns", left)).doesNotExist();
      assertThat(Path.of("/run/netns", foreign)).exists();
      assertThat(Path.of("/run/netns", pods.node().namespace())).exists();
      assertThat(Path.of("/run/netns", second.node().namespace())).exists();
    } finally {
      Ran.must("ip", "netns", "del", foreign);
    }
  }

  private static void serve(NetworkPod pod) {
    pod.start("server", "python3", "-c", SERVER, pod.name())
        .awaitLog(Duration.ofSeconds(30), text -> text.contains("listening"));
  }

  private static String talk(NetworkPod from, String to) {
    return from.must(
            "python3",
            "-c",
            "import socket,sys; s=socket.create_connection((sys.argv[1], 7000), 20);"
                + " print(s.makefile().read())",
            to)
        .strip();
  }
}
