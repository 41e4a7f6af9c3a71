// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.Main;
import io.selvage.cli.check.FakeCluster;
import io.selvage.identity.issue.CertificateAuthorities;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is refused, each by one sentence, exit code 1, nothing on standard output, and without a
 * single request that would change the cluster. {@code InstallOnClusterIT} does the same on a real
 * API server, as far as that can be brought into such a state.
 */
class RefusalsTest {
  private static final String KUBECONFIG = "kubeconfig";

  @TempDir Path dir;

  private final FakeCluster cluster;

  RefusalsTest() throws Exception {
    cluster = new FakeCluster();
  }

  @BeforeEach
  void config() throws Exception {
    Files.writeString(dir.resolve(KUBECONFIG), cluster.kubeconfig());
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"install", "install --crds", "upgrade", "upgrade --crds"})
  void anOldClusterIsRefused(String command) throws Exception {
    installed();
    cluster.version("v1.24.17");
    refused(command).isEqualTo("Kubernetes v1.24.17 is too old: Selvage needs 1.25 or newer.\n");
    Ran before = mesh("check --pre");
    assertThat(before.code()).isEqualTo(1);
    assertThat(before.out()).contains("the cluster runs v1.24.17");
  }

  @Test
  void theOldestClusterThatWillDoIsNot() throws Exception {
    customResources();
    cluster.version("v1.25.0");
    assertThat(mesh("install").code()).isZero();
  }

  @Test
  void whoMayNotCreateIsTold() throws Exception {
    customResources();
    cluster.allowed(false);
    refused("install").startsWith("You may not create ").contains("administrator");
    refused("install --crds").startsWith("You may not create customresourcedefinitions");
  }

  @ParameterizedTest
  @ValueSource(strings = {"install", "upgrade", "uninstall", "prune"})
  void whoMayNotReadIsTold(String command) throws Exception {
    installed();
    cluster.forbid("configmaps");
    refused(command).startsWith("You may not do that on this cluster: ").contains("forbidden");
  }

  @Test
  void aSecondInstallationIsRefused() throws Exception {
    installed();
    refused("install").contains("is installed in the namespace selvage already");
    refused("install -n other").contains("is installed in the namespace selvage already");
  }

  @Test
  void aHalfDeletedInstallationIsNamed() throws Exception {
    installed();
    cluster.remove("ConfigMap", MeshKinds.CONFIG);
    refused("install").startsWith("Parts of an earlier installation are left (");
    refused("upgrade").contains("is half deleted");
    Ran check = mesh("check --wait 0s");
    assertThat(check.code()).isEqualTo(1);
    assertThat(check.out()).contains("there is no ConfigMap selvage-config");
  }

  @Test
  void anotherNamespaceStandsInWhatIsToBeDone() throws Exception {
    customResources();
    cluster.add(
        Files.readString(Rendered.ROOT.resolve("charts/golden/default.yaml"))
            .replace("namespace: selvage\n", "namespace: mesh-system\n"));
    refused("install -n mesh-system")
        .contains("`mesh upgrade -n mesh-system`")
        .contains("`mesh uninstall -n mesh-system`");
    cluster.remove("ConfigMap", MeshKinds.CONFIG);
    String removal = "`mesh uninstall -n mesh-system | kubectl delete -f -`";
    refused("install -n mesh-system").contains(removal);
    refused("upgrade -n mesh-system").contains(removal);
  }

  @Test
  void aWebhookThatIsLeftAloneIsNamed() throws Exception {
    installed();
    for (ObjectNode object : cluster.all()) {
      String kind = object.path("kind").asText();
      if (!kind.equals("MutatingWebhookConfiguration")
          && !kind.equals("CustomResourceDefinition")) {
        cluster.remove(kind, object.at("/metadata/name").asText());
      }
    }
    refused("install").contains("(mutatingwebhookconfiguration/selvage-injector)");
  }

  @Test
  void aWebhookWhoseServiceIsGoneIsFound() throws Exception {
    installed();
    cluster.remove("Service", MeshKinds.INJECTOR);
    Ran check = mesh("check --wait 0s -o short");
    assertThat(check.code()).isEqualTo(1);
    assertThat(check.out())
        .contains("the Service selvage/selvage-injector is gone")
        .contains("`mesh upgrade | kubectl apply -f -` makes the Service anew");
    Ran upgrade = mesh("upgrade");
    assertThat(upgrade.code()).as(upgrade.err()).isZero();
    assertThat(upgrade.err()).contains("new      service/selvage-injector");
  }

  @Test
  void aCustomResourceThatIsMissingIsNamed() throws Exception {
    customResources();
    cluster.remove("CustomResourceDefinition", "mappings.getambassador.io");
    String sentence = "The cluster does not serve the custom resources mappings.getambassador.io:";
    refused("install").startsWith(sentence);
    installation();
    refused("upgrade").startsWith(sentence);
  }

  /** What comes before a kind that is not served would be made, and the rest not. */
  @Test
  void aKindOfTheOperatorsThatIsMissingIsNamed() throws Exception {
    customResources();
    String wanted = " --set monitoring.podMonitors.enabled=true";
    String sentence = "The cluster does not serve podmonitors.monitoring.coreos.com, ";
    refused("install" + wanted).startsWith(sentence).contains("install the Prometheus operator");
    installation();
    refused("upgrade" + wanted).startsWith(sentence);
    for (ObjectNode object : cluster.all()) {
      if (!object.path("kind").asText().equals("CustomResourceDefinition")) {
        cluster.remove(object.path("kind").asText(), object.at("/metadata/name").asText());
      }
    }
    cluster.add(
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: podmonitors.monitoring.coreos.com}
        spec: {group: monitoring.coreos.com, names: {plural: podmonitors}}
        """);
    Ran well = mesh("install" + wanted);
    assertThat(well.code()).as(well.err()).isZero();
    assertThat(well.out()).contains("kind: PodMonitor");
  }

  @Test
  void anIssuerThatHasEndedIsRefused() throws Exception {
    Instant now = Instant.now();
    Instant begin = now.minus(Duration.ofDays(400));
    installed();
    trust(CertificateAuthorities.create("cluster.local", begin, Duration.ofDays(365)));
    refused("upgrade")
        .startsWith("The issuer in the Secret selvage/selvage-identity-issuer ended ")
        .contains("`mesh check`");
    trust(
        CertificateAuthorities.create(
            "cluster.local", now.plus(Duration.ofDays(1)), Duration.ofDays(365)));
    refused("upgrade").contains("selvage-identity-issuer begins ");
    trust(CertificateAuthorities.create("cluster.local", now, Duration.ofDays(1)));
    Ran well = mesh("upgrade");
    assertThat(well.code()).as(well.err()).isZero();
  }

  @Test
  void anIssuerOfSomebodyElseMustBeOne() throws Exception {
    customResources();
    String external = "install --set identity.external=true";
    refused(external).contains("there is no Secret selvage-identity-issuer and no ConfigMap");
    trust(
        CertificateAuthorities.create(
            "cluster.local", Instant.now().minus(Duration.ofDays(400)), Duration.ofDays(365)));
    refused(external).contains("selvage-identity-issuer ended ");
    issuer("bm90aGluZw==", "");
    refused(external).contains("selvage-identity-issuer is no certificate");
    issuer("%%", "");
    refused(external).contains("selvage-identity-issuer cannot be read");
    trust(CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(365)));
    assertThat(mesh(external).code()).isZero();
    refused("install").contains("already: keep it with --set identity.external=true");
  }

  /** What was said; standard output is empty, one line was said, and nothing was changed. */
  private org.assertj.core.api.AbstractStringAssert<?> refused(String command) {
    Ran ran = mesh(command);
    assertThat(ran.code()).as("%s", ran).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err().lines()).hasSize(1);
    assertThat(cluster.writes()).isEmpty();
    return assertThat(ran.err());
  }

  private Ran mesh(String command) {
    var out = new StringWriter();
    var err = new StringWriter();
    System.setProperty(KUBECONFIG, dir.resolve(KUBECONFIG).toString());
    try {
      int code =
          Main.run(new PrintWriter(out, true), new PrintWriter(err, true), command.split(" "));
      return new Ran(code, out.toString(), err.toString());
    } finally {
      System.clearProperty(KUBECONFIG);
    }
  }

  private record Ran(int code, String out, String err) {}

  private void installed() throws Exception {
    customResources();
    installation();
  }

  private void customResources() throws Exception {
    for (ObjectNode crd : Expected.customResources("selvage")) {
      cluster.add(crd);
    }
  }

  private void installation() throws Exception {
    cluster.add(Files.readString(Rendered.ROOT.resolve("charts/golden/default.yaml")));
    trust(CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(365)));
  }

  private void trust(CertificateAuthorities.Created made) {
    issuer(base64(made.issuerPem()), base64(made.issuerKeyPem()));
    cluster.add(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: selvage-trust-roots, namespace: selvage}
        """);
    cluster
        .get("ConfigMap", MeshKinds.TRUST_ROOTS)
        .withObject("/data")
        .put("ca-bundle.crt", made.bundle().pem());
  }

  private void issuer(String certificate, String key) {
    cluster.add(
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: selvage-identity-issuer, namespace: selvage}
        data: {tls.crt: "%s", tls.key: "%s"}
        """
            .formatted(certificate, key));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }
}
