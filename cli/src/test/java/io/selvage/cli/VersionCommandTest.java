// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.cli.check.FakeCluster;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code mesh version} says of a cluster, word by word. */
class VersionCommandTest {
  private static final String KUBECONFIG = "kubeconfig";

  @TempDir Path dir;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final FakeCluster cluster;

  VersionCommandTest() throws Exception {
    cluster = new FakeCluster();
  }

  @BeforeEach
  void install() throws Exception {
    Files.writeString(dir.resolve(KUBECONFIG), cluster.kubeconfig());
    cluster.add(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: selvage-config, namespace: selvage}
        data: {version: 0.0.9}
        """);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void namesBothVersions() {
    assertThat(version()).isZero();
    assertThat(out).hasToString("Client version: %s\nServer version: 0.0.9\n".formatted(client()));
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void theShortFormIsForPrograms() {
    assertThat(version("--short")).isZero();
    assertThat(out).hasToString(client() + "\n0.0.9\n");
  }

  @Test
  void theClientAloneAsksNoCluster() {
    cluster.close();
    assertThat(version("--client")).isZero();
    assertThat(out).hasToString("Client version: " + client() + "\n");
    out.getBuffer().setLength(0);
    assertThat(version("--client", "--short")).isZero();
    assertThat(out).hasToString(client() + "\n");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void aClusterWithoutAnInstallationHasNoVersion() {
    cluster.remove("ConfigMap", "selvage-config");
    assertThat(version()).isZero();
    assertThat(out)
        .hasToString("Client version: %s\nServer version: unavailable\n".formatted(client()));
    assertThat(err.toString()).contains("Nothing is installed in the namespace selvage");
  }

  @Test
  void aClusterThatRefusesIsNoFailure() {
    cluster.forbid("configmaps");
    assertThat(version()).isZero();
    assertThat(out.toString()).endsWith("\nServer version: unavailable\n");
    assertThat(err.toString()).contains("You may not do that on this cluster");
  }

  @Test
  void anotherNamespaceIsLookedAt() {
    cluster.add(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: selvage-config, namespace: mesh-system}
        data: {version: 0.0.8}
        """);
    assertThat(version("-n", "mesh-system")).isZero();
    assertThat(out.toString()).endsWith("\nServer version: 0.0.8\n");
  }

  @Test
  void sidecarsAreCountedByVersionWithoutThoseThatHaveEnded() {
    pod("a", "0.0.9", "Running");
    pod("b", "0.0.9", "Running");
    pod("c", "0.0.8", "Pending");
    pod("d", "0.0.7", "Succeeded");
    pod("e", "0.0.7", "Failed");
    assertThat(version("--proxy")).isZero();
    assertThat(out)
        .hasToString(
            "Client version: %s\nServer version: 0.0.9\nProxy versions:\n\t0.0.8 (1 pods)\n\t0.0.9 (2 pods)\n"
                .formatted(client()));
    out.getBuffer().setLength(0);
    assertThat(version("--proxy", "--short")).isZero();
    assertThat(out).hasToString(client() + "\n0.0.9\n0.0.8 (1 pods)\n0.0.9 (2 pods)\n");
  }

  @Test
  void withoutSidecarsThereIsNoVersionOfThem() {
    assertThat(version("--proxy")).isZero();
    assertThat(out.toString()).endsWith("\nProxy versions: unavailable\n");
  }

  @Test
  void sidecarsThatMayNotBeSeenAreAFailure() {
    cluster.forbid("/pods");
    assertThat(version("--proxy")).isEqualTo(1);
    assertThat(err.toString()).contains("You may not do that on this cluster").contains("pods");
  }

  @Test
  void noClusterHasNoSidecars() {
    assertThat(version("--proxy", "--client")).isEqualTo(2);
    assertThat(err.toString()).contains("exclude each other");
  }

  private void pod(String name, String version, String phase) {
    cluster.add(
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: %s
          namespace: shop
          labels: {selvage.io/control-plane-ns: selvage}
          annotations: {selvage.io/proxy-version: %s}
        status: {phase: %s}
        """
            .formatted(name, version, phase));
  }

  private static String client() {
    return VersionCommand.number();
  }

  private int version(String... options) {
    var words = new String[options.length + 1];
    words[0] = "version";
    System.arraycopy(options, 0, words, 1, options.length);
    System.setProperty(KUBECONFIG, dir.resolve(KUBECONFIG).toString());
    try {
      return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), words);
    } finally {
      System.clearProperty(KUBECONFIG);
    }
  }
}
