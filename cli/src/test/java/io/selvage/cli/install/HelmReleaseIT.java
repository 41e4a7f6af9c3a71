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
import io.selvage.cli.Main;
import io.selvage.kube.manifest.YamlWriter;
import io.selvage.testkit.KubeApiServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
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
    kube = KubeApiServer.startOrSkip(dir.resolve("kube"));
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
    TrustMaterial.fresh("cluster.local", Instant.now())
        .values()
        .forEach((path, pem) -> given.withObject(parent(path)).put(last(path), pem));
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

  /** What was chosen stands in Helm's own records only; what came of it is in the ConfigMap. */
  @Test
  void aReleaseWithOtherValuesLacksNothing() throws Exception {
    String namespace = "helm-mesh";
    admin
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    ObjectNode values = JsonNodeFactory.instance.objectNode();
    values.putObject("injector").put("enabled", false);
    values.withObject("/gateway/ingressClasses/ambassador").put("create", false);
    new Helm(Rendered.CHART)
        .install()
        .withKubeConfig(kube.kubeconfig())
        .withName("other")
        .withNamespace(namespace)
        .withValuesFile(file("other.yaml", values))
        .call();
    try {
      String lines = check(namespace);
      assertThat(lines)
          .contains("\u221a the installation can be read")
          .contains("\u221a Deployments exist")
          .contains("\u221a IngressClasses exist")
          .contains("\u221a NetworkPolicies exist")
          .doesNotContain("missing:")
          .doesNotContain("selvage-webhooks");
      admin.network().v1().ingressClasses().withName("selvage").delete();
      assertThat(check(namespace))
          .contains("\u00d7 IngressClasses exist")
          .contains("* IngressClass selvage")
          .contains("`helm upgrade other CHART -n helm-mesh`");
    } finally {
      Helm.uninstall("other").withKubeConfig(kube.kubeconfig()).withNamespace(namespace).call();
    }
  }

  /** A number that Helm applied once and leaves out then would be set to one. */
  @Test
  void whatSomebodyElseScaledStaysAsItIs() throws Exception {
    String namespace = "helm-scaled";
    admin
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    ObjectNode values = JsonNodeFactory.instance.objectNode();
    values.withObject("/gateway").put("replicas", 2);
    new Helm(Rendered.CHART)
        .install()
        .withKubeConfig(kube.kubeconfig())
        .withName("scaled")
        .withNamespace(namespace)
        .withValuesFile(file("fixed.yaml", values))
        .call();
    try {
      var gateway = admin.apps().deployments().inNamespace(namespace).withName("selvage-gateway");
      gateway.scale(5);
      values.withObject("/gateway/autoscaling").put("enabled", true);
      new Helm(Rendered.CHART)
          .upgrade()
          .withKubeConfig(kube.kubeconfig())
          .withName("scaled")
          .withNamespace(namespace)
          .withValuesFile(file("scaled.yaml", values))
          .call();
      assertThat(gateway.get().getSpec().getReplicas()).isEqualTo(5);
    } finally {
      Helm.uninstall("scaled").withKubeConfig(kube.kubeconfig()).withNamespace(namespace).call();
    }
  }

  /** {@code a.b.c} is {@code c} in {@code /a/b}. */
  private static String parent(String path) {
    return "/" + path.substring(0, path.lastIndexOf('.')).replace('.', '/');
  }

  private static String last(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  private static String check(String namespace) throws IOException {
    var out = new StringWriter();
    System.setProperty("kubeconfig", kube.kubeconfig().toString());
    try {
      // No node runs anything here, so that this fails, but not for what is looked at.
      Main.run(
          new PrintWriter(out, true),
          new PrintWriter(new StringWriter(), true),
          "check",
          "-n",
          namespace,
          "--wait",
          "0s");
      return out.toString();
    } finally {
      System.clearProperty("kubeconfig");
    }
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
