// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.selvage.cli.Main;
import io.selvage.kube.api.ApiQueries;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.testkit.KubeApiServer;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is said beforehand of handing out rights is what a real kube-apiserver does then. Skipped
 * where {@code KUBE_BIN} names no such server.
 */
class GrantsIT {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String KUBECONFIG = "kubeconfig";

  @TempDir static Path dir;

  private static KubeApiServer kube;
  private static KubernetesClient admin;

  @BeforeAll
  static void start() throws Exception {
    kube = KubeApiServer.startOrSkip(dir.resolve("kube"));
    admin = client(kube.kubeconfig());
    apply(
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: selvage}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: installer, namespace: selvage}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: installer}
        rules:
        - apiGroups: ["", apps, policy, networking.k8s.io, rbac.authorization.k8s.io, admissionregistration.k8s.io]
          resources: ["*"]
          verbs: [create]
        - apiGroups: [""]
          resources: [namespaces]
          verbs: [patch]
        - apiGroups: ["", apps, networking.k8s.io, rbac.authorization.k8s.io, admissionregistration.k8s.io, policy, monitoring.coreos.com, autoscaling]
          resources: ["*"]
          verbs: [get, list]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: installer}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: installer}
        subjects: [{kind: ServiceAccount, name: installer, namespace: selvage}]
        """);
  }

  @AfterAll
  static void stop() {
    if (kube != null) {
      admin.close();
      kube.close();
    }
  }

  private static KubernetesClient client(Path kubeconfig) {
    return new KubernetesClientBuilder()
        .withConfig(Config.fromKubeconfig(kubeconfig.toFile()))
        .build();
  }

  private static void apply(String yaml) {
    for (HasMetadata object :
        admin.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).items()) {
      admin.resource(object).createOr(existing -> existing.update());
    }
  }

  private static Path installer() throws Exception {
    String token =
        admin
            .serviceAccounts()
            .inNamespace("selvage")
            .withName("installer")
            .tokenRequest(
                new TokenRequestBuilder()
                    .withNewSpec()
                    .withExpirationSeconds(3600L)
                    .endSpec()
                    .build())
            .getStatus()
            .getToken();
    return Files.writeString(
        dir.resolve("installer"),
        Files.readString(kube.kubeconfig()).replace(kube.adminToken(), token));
  }

  @Test
  void whatIsRefusedLaterIsSaidBefore() throws Exception {
    Path kubeconfig = installer();
    List<ObjectNode> objects = Grants.defaults("selvage", "v1.36.2");
    HasMetadata role =
        admin
            .load(
                new ByteArrayInputStream(
                    objects.stream()
                        .filter(o -> o.path("kind").asText().equals("ClusterRole"))
                        .filter(
                            o -> o.at("/metadata/name").asText().equals("selvage-control-plane"))
                        .findFirst()
                        .orElseThrow()
                        .toString()
                        .getBytes(StandardCharsets.UTF_8)))
            .items()
            .getFirst();
    try (KubernetesClient installer = client(kubeconfig);
        ApiServer api =
            ApiServer.connect(
                Config.fromKubeconfig(kubeconfig.toFile()), ApiServerOptions.DEFAULT)) {
      var queries = new ApiQueries(api);
      assertThat(Grants.missing(queries, objects).toString())
          .contains("watch services")
          .contains("create tokenreviews.authentication.k8s.io")
          .contains("update secrets \"selvage-identity-issuer\" in the namespace selvage")
          .doesNotContain("list services");
      assertThatThrownBy(() -> installer.resource(role).dryRun().create())
          .isInstanceOf(KubernetesClientException.class)
          .hasMessageContaining("attempting to grant RBAC permissions not currently held");
      Ran refused = mesh(kubeconfig, "install", "--set", "gateway.enabled=false");
      assertThat(refused.code()).isEqualTo(1);
      assertThat(refused.out()).isEmpty();
      assertThat(refused.err().lines()).hasSize(1);
      assertThat(refused.err())
          .startsWith("You may not hand out rights that you do not have yourself")
          .contains("watch services")
          .contains("escalate and bind");

      apply(
          """
          apiVersion: rbac.authorization.k8s.io/v1
          kind: ClusterRole
          metadata: {name: escalator}
          rules:
          - apiGroups: [rbac.authorization.k8s.io]
            resources: [clusterroles, roles]
            verbs: [escalate, bind]
          ---
          apiVersion: rbac.authorization.k8s.io/v1
          kind: ClusterRoleBinding
          metadata: {name: escalator}
          roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: escalator}
          subjects: [{kind: ServiceAccount, name: installer, namespace: selvage}]
          """);
      // The server's authorizer watches the bindings.
      await().atMost(LIMIT).until(() -> Grants.missing(queries, objects).isEmpty());
      assertThatCode(() -> installer.resource(role).dryRun().create()).doesNotThrowAnyException();
      Ran installed = mesh(kubeconfig, "install", "--set", "gateway.enabled=false");
      assertThat(installed.err()).isEmpty();
      assertThat(installed.code()).isZero();
    }
  }

  private record Ran(int code, String out, String err) {}

  private static Ran mesh(Path kubeconfig, String... words) {
    var out = new StringWriter();
    var err = new StringWriter();
    System.setProperty(KUBECONFIG, kubeconfig.toString());
    try {
      int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), words);
      return new Ran(code, out.toString(), err.toString());
    } finally {
      System.clearProperty(KUBECONFIG);
    }
  }
}
