// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.selvage.injector.app.InjectorOptions;
import io.selvage.injector.app.InjectorProcess;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.api.KubeAccount;
import io.selvage.testkit.KubeApiServer;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** {@code mesh check} asks a real API server for a pod, which asks the injector. */
class InjectionDryRunIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** What the checks before it must find; the rest of an installation is not there. */
  private static final Set<String> NEEDED =
      Set.of("selvage-config", "selvage-identity-issuer", "selvage-trust-roots");

  @TempDir private Path dir;
  private KubernetesClient admin;
  private String kubeconfig = "";
  private String installed = "";

  @Test
  void itSaysWhetherAPodWouldHaveItsSidecar() throws Exception {
    KubeApiServer.unavailable().ifPresent(why -> Assumptions.abort(why));
    try (KubeApiServer kube = KubeApiServer.start(dir.resolve("kube"))) {
      kubeconfig = kube.kubeconfig().toString();
      admin =
          new KubernetesClientBuilder()
              .withConfig(Config.fromKubeconfig(kube.kubeconfig().toFile()))
              .build();
      try (KubernetesClient closed = admin) {
        walk();
        assertThat(closed.pods().inAnyNamespace().list().getItems())
            .as("nothing is ever made")
            .isEmpty();
      }
    }
  }

  private void walk() throws Exception {
    apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: selvage}\n");
    installed = mesh("install", "--ignore-cluster").out();
    for (HasMetadata object : installed()) {
      if (NEEDED.contains(object.getMetadata().getName())) {
        admin.resource(object).create();
      }
    }
    try (InjectorProcess injector = injector()) {
      int port = injector.listening().get(60, TimeUnit.SECONDS);
      await().atMost(LIMIT).until(() -> injector.obstacles().isEmpty());
      register(port, "Fail");
      // The API server hears of its own webhooks a little later, and of the authority.
      await()
          .atMost(LIMIT)
          .untilAsserted(() -> {
            JsonNode row = row();
            assertThat(row.path("result").asText()).as("%s", row).isEqualTo("success");
          });

      rights();
      await()
          .atMost(LIMIT)
          .untilAsserted(() -> {
            JsonNode row = row("--as", "viewer");
            assertThat(row.path("result").asText()).isEqualTo("warning");
            assertThat(row.path("error").asText()).startsWith("not tried: ");
            assertThat(row.path("hint").asText()).contains("right to create pods");
          });
    }
    await()
        .atMost(LIMIT)
        .untilAsserted(() -> {
          JsonNode row = row();
          assertThat(row.path("result").asText()).isEqualTo("error");
          assertThat(row.path("error").asText()).contains("failed calling webhook");
        });
    admin
        .admissionRegistration()
        .v1()
        .mutatingWebhookConfigurations()
        .withName(InjectorOptions.NAME)
        .edit(registration -> {
          registration.getWebhooks().getFirst().setFailurePolicy("Ignore");
          return registration;
        });
    await()
        .atMost(LIMIT)
        .untilAsserted(() ->
            assertThat(row().path("error").asText())
                .isEqualTo("a pod of the namespace default would have none"));
  }

  private JsonNode row(String... more) throws Exception {
    var words = new java.util.ArrayList<Object>(List.of("check", "--wait", "0s", "-o", "json"));
    words.addAll(List.of("--kubeconfig", kubeconfig));
    words.addAll(List.of(more));
    CommandLineRun run = mesh(words.toArray());
    for (JsonNode category : new ObjectMapper().readTree(run.out()).path("categories")) {
      for (JsonNode check : category.path("checks")) {
        if (check
            .path("description")
            .asText()
            .equals("a pod that asks for a sidecar is given one")) {
          return check;
        }
      }
    }
    throw new AssertionError(run.out() + run.err());
  }

  private void rights() {
    apply(
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: viewer}
        rules: [{apiGroups: ["*"], resources: ["*"], verbs: [get, list]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: viewer}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: viewer}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: viewer}]
        """);
  }

  private void apply(String yaml) {
    for (HasMetadata object :
        admin.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).items()) {
      admin.resource(object).createOr(existing -> existing.update());
    }
  }

  private List<HasMetadata> installed() {
    return admin.load(new ByteArrayInputStream(installed.getBytes(StandardCharsets.UTF_8))).items();
  }

  private void register(int port, String policy) {
    for (HasMetadata object : installed()) {
      if (object instanceof MutatingWebhookConfiguration registration) {
        var webhook = registration.getWebhooks().getFirst();
        webhook.getClientConfig().setService(null);
        webhook.getClientConfig().setUrl("https://127.0.0.1:" + port + "/");
        webhook.setFailurePolicy(policy);
        admin.resource(object).create();
      }
    }
  }

  private InjectorProcess injector() throws Exception {
    var flags = new SidecarFlags();
    CommandSpec spec = CommandSpec.forAnnotatedObject(flags);
    new CommandLine(spec).parseArgs();
    return InjectorProcess.start(
        new InjectorOptions(
            "127.0.0.1",
            0,
            "127.0.0.1",
            0,
            "selvage",
            InjectorOptions.NAME,
            List.of("127.0.0.1"),
            false,
            Optional.empty(),
            flags.settings(spec, "selvage/injector"),
            "test"),
        ApiServer.connect(
            new KubeAccount(
                Optional.of(Path.of(kubeconfig)), Optional.empty(), Optional.empty(), List.of()),
            ApiServerOptions.DEFAULT.withUserAgent(InjectorOptions.NAME)));
  }
}
