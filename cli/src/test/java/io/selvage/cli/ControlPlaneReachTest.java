// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.cli.check.FakeCluster;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Which control plane a command goes to, with somebody listening on this machine's port. */
class ControlPlaneReachTest {
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata:
        name: control-plane-1
        namespace: selvage
        creationTimestamp: "2026-01-01T00:00:00Z"
        labels: {selvage.io/control-plane-component: control-plane}
      spec: {serviceAccountName: control-plane, containers: [{name: c, image: i}]}
      status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
      """;

  @TempDir private Path dir;
  private final StringWriter err = new StringWriter();
  private FakeCluster cluster;
  private ServerSocket local;

  @BeforeEach
  void start() throws Exception {
    cluster = new FakeCluster();
    local = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    System.setProperty("kubeconfig", dir.resolve("kubeconfig").toString());
  }

  @AfterEach
  void stop() throws Exception {
    System.clearProperty("kubeconfig");
    local.close();
    cluster.close();
  }

  private void kubeconfig() throws Exception {
    Files.writeString(dir.resolve("kubeconfig"), cluster.kubeconfig());
  }

  private ControlPlaneReach open(String... options) throws CommandFailure {
    var kube = new KubeOptions();
    new CommandLine(
            CommandLine.Model.CommandSpec.create()
                .addMixin("kube", CommandLine.Model.CommandSpec.forAnnotatedObject(kube)))
        .parseArgs(options);
    return ControlPlaneReach.open(
        Optional.empty(), kube, "selvage", 0, local.getLocalPort(), new PrintWriter(err, true));
  }

  @Test
  void aKubeconfigIsGoneByWhoeverListensHere() throws Exception {
    kubeconfig();
    cluster.add(POD);
    try (ControlPlaneReach reach = open()) {
      assertThat(reach.pod()).contains("selvage/control-plane-1");
      assertThat(reach.url().getPort()).isNotEqualTo(local.getLocalPort());
      assertThat(reach.target())
          .startsWith("the control plane's pod selvage/control-plane-1 of http://127.0.0.1:")
          .endsWith("(context k)");
    }
    assertThat(err.toString())
        .startsWith("This goes to the control plane of http://127.0.0.1:")
        .contains("(context k)", "--control-plane http://127.0.0.1:" + local.getLocalPort());
  }

  @Test
  void whereNobodyListensHereNothingIsSaid() throws Exception {
    kubeconfig();
    cluster.add(POD);
    local.close();
    open().close();
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void aClusterWithoutAControlPlaneIsNotReplacedByThisMachine() throws Exception {
    kubeconfig();
    assertThatThrownBy(this::open)
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("no pod labelled")
        .hasMessageContaining(
            "Somebody listens on http://127.0.0.1:" + local.getLocalPort() + ", who is not asked");
  }

  @Test
  void withoutAKubeconfigThisMachineIsMeant() throws Exception {
    try (ControlPlaneReach reach = open()) {
      assertThat(reach.url()).isEqualTo(URI.create("http://127.0.0.1:" + local.getLocalPort()));
      assertThat(reach.pod()).isEmpty();
      assertThat(reach.token(new PrintWriter(err, true))).isEmpty();
    }
    local.close();
    try (ControlPlaneReach reach = open()) {
      assertThat(reach.pod()).isEmpty();
    }
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void theKubeconfigThatIsNamedIsTheOne() throws Exception {
    Path other = Files.writeString(dir.resolve("other"), cluster.kubeconfig());
    cluster.add(POD);
    try (ControlPlaneReach reach = open("--kubeconfig", other.toString(), "--context", "k")) {
      assertThat(reach.pod()).contains("selvage/control-plane-1");
    }
    assertThatThrownBy(() -> open("--kubeconfig", other.toString(), "--context", "x"))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("has no context \"x\": it has k");
  }

  @Test
  void aUrlAndAClusterExcludeEachOther() {
    CommandLineRun run =
        mesh("identity", "--control-plane", "http://127.0.0.1:1", "--context", "k");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("http://127.0.0.1:1 is a control plane already");
  }
}
