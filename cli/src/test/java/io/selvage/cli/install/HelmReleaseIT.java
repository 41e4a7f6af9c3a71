// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.marcnuri.helm.Helm;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.selvage.kube.manifest.YamlWriter;
import io.selvage.testkit.KubeApiServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Helm itself does to a release on a real kube-apiserver. Skipped where {@code KUBE_BIN} names
 * no such server.
 */
class HelmReleaseIT {
  private static final String NAMESPACE = "selvage";

  @TempDir static Path dir;

  private static KubeApiServer kube;
  private static KubernetesClient admin;

  @BeforeAll
  static void start() throws Exception {
    KubeApiServer.unavailable().ifPresent(why -> Assumptions.abort("skipped: " + why));
    kube = KubeApiServer.start(dir.resolve("kube"));
    admin =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(kube.kubeconfig().toFile()))
            .build();
    admin
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .create();
  }

  @AfterAll
  static void stop() {
    if (kube != null) {
      admin.close();
      kube.close();
    }
  }

  @Test
  void theRootOutlivesAnUpgradeThatDoesNotNameItAndAnUninstall() throws Exception {
    ObjectNode given = JsonNodeFactory.instance.objectNode();
    TrustMaterial.fresh("cluster.local", Instant.now()).addTo(given);
    new Helm(Rendered.CHART)
        .install()
        .withKubeConfig(kube.kubeconfig())
        .withName("edge")
        .withNamespace(NAMESPACE)
        .withValuesFile(file("install.yaml", given))
        .call();
    Map<String, String> issuer = issuer();
    Map<String, String> roots = roots();
    assertThat(issuer).containsKeys("tls.crt", "tls.key");
    assertThat(roots.get("ca-bundle.crt")).contains("BEGIN CERTIFICATE");

    ObjectNode other = JsonNodeFactory.instance.objectNode();
    other.put("logLevel", "DEBUG");
    new Helm(Rendered.CHART)
        .upgrade()
        .withKubeConfig(kube.kubeconfig())
        .withName("edge")
        .withNamespace(NAMESPACE)
        .withValuesFile(file("upgrade.yaml", other))
        .call();
    assertThat(
            admin
                .configMaps()
                .inNamespace(NAMESPACE)
                .withName("selvage-config")
                .get()
                .getData()
                .get("values"))
        .contains("logLevel: DEBUG");
    assertThat(issuer()).isEqualTo(issuer);
    assertThat(roots()).isEqualTo(roots);

    Helm.uninstall("edge").withKubeConfig(kube.kubeconfig()).withNamespace(NAMESPACE).call();
    assertThat(admin.configMaps().inNamespace(NAMESPACE).withName("selvage-config").get()).isNull();
    assertThat(issuer()).isEqualTo(issuer);
    assertThat(roots()).isEqualTo(roots);
    // They carry our mark, by which `mesh uninstall` finds them.
    assertThat(
            admin
                .secrets()
                .inNamespace(NAMESPACE)
                .withLabel(MeshKinds.COMPONENT_LABEL)
                .list()
                .getItems())
        .extracting(secret -> secret.getMetadata().getName())
        .containsExactly("selvage-identity-issuer");
  }

  private static Path file(String name, ObjectNode values) throws IOException {
    return Files.writeString(dir.resolve(name), YamlWriter.write(values));
  }

  private static Map<String, String> issuer() {
    return admin
        .secrets()
        .inNamespace(NAMESPACE)
        .withName("selvage-identity-issuer")
        .get()
        .getData();
  }

  private static Map<String, String> roots() {
    return admin
        .configMaps()
        .inNamespace(NAMESPACE)
        .withName("selvage-trust-roots")
        .get()
        .getData();
  }
}
