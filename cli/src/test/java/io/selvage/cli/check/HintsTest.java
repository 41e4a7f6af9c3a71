// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.Main;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every command in a hint works as it is printed, wherever Selvage is installed. */
class HintsTest {
  private static final Path ROOT = Path.of(System.getProperty("selvage.root", ".."));
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");
  private static final Pattern COMMAND = Pattern.compile("`([^`]+)`");

  private final FakeCluster cluster;

  HintsTest() throws Exception {
    cluster = new FakeCluster();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void everyCommandNamesANamespaceThatIsNotTheDefault() throws Exception {
    List<String> commands = commands("mesh-system", false);
    assertThat(commands)
        .contains(
            "mesh install -n mesh-system | kubectl apply -f -",
            "mesh upgrade -n mesh-system | kubectl apply -f -",
            "mesh uninstall -n mesh-system | kubectl delete -f -",
            "mesh identity rotate --control-plane-namespace mesh-system",
            "kubectl rollout restart -n mesh-system deployment/selvage-injector");
    for (String command : commands) {
      for (String part : command.split(" \\| ")) {
        if (part.startsWith("mesh ") && !part.equals("mesh install --crds")) {
          assertThat(part).containsPattern(" (-n|--control-plane-namespace) mesh-system$");
        }
        if (part.startsWith("kubectl ") && !isOfNoNamespace(part)) {
          assertThat(part).containsPattern(" -n (mesh-system|NAMESPACE)( |$)");
        }
      }
    }
  }

  @Test
  void theDefaultNamespaceIsNotNamedToMesh() throws Exception {
    List<String> commands = commands("selvage", false);
    assertThat(commands)
        .contains(
            "mesh upgrade | kubectl apply -f -",
            "mesh identity rotate",
            "kubectl rollout restart -n selvage deployment/selvage-injector");
    assertThat(commands).noneMatch(command -> command.matches("mesh .*-n(amespace)? .*"));
  }

  @Test
  void whatHelmKeepsIsChangedByHelm() throws Exception {
    List<String> commands = commands("mesh-system", true);
    assertThat(commands)
        .contains("helm upgrade edge CHART -n mesh-system", "helm uninstall edge -n mesh-system");
    assertThat(commands).noneMatch(command -> command.startsWith("mesh upgrade -n mesh-system |"));
  }

  @Test
  void everyMeshCommandIsUnderstood() throws Exception {
    Set<String> commands = new LinkedHashSet<>(commands("mesh-system", false));
    commands.addAll(commands("selvage", false));
    int parsed = 0;
    for (String command : commands) {
      String own = command.split(" \\| ")[0];
      if (own.startsWith("mesh ")) {
        // Throws if a word is not understood.
        Main.commandLine().parseArgs(own.substring("mesh ".length()).split(" "));
        parsed++;
      }
    }
    assertThat(parsed).isGreaterThan(5);
  }

  @Test
  void partsOfAnInstallationElsewhereAreRemovedThere() throws Exception {
    cluster.add(
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: x, labels: {selvage.io/control-plane-component: gateway}}
        subjects: [{kind: ServiceAccount, name: x, namespace: elsewhere}]
        """);
    var outcomes = new ArrayList<Outcome>();
    run(facts("selvage"), true, outcomes);
    assertThat(outcomes)
        .filteredOn(o -> o.description().equals("Selvage is not installed yet"))
        .singleElement()
        .satisfies(o ->
            assertThat(o.hint()).contains("`mesh uninstall -n elsewhere | kubectl delete -f -`"));
  }

  /** What goes by the manifests, or asks nothing of a namespace. */
  private static boolean isOfNoNamespace(String kubectl) {
    return Set.of("kubectl apply -f -", "kubectl delete -f -", "kubectl version").contains(kubectl);
  }

  /** Those of all hints, whether their line is well or not. */
  private List<String> commands(String namespace, boolean helm) throws Exception {
    for (String part : Files.readString(ROOT.resolve("charts/golden/default.yaml")).split("---")) {
      if (part.contains("name: selvage-config")) {
        cluster.add(
            part.replace("namespace: \"selvage\"", "namespace: " + namespace)
                .replace("createNamespace: false", "createNamespace: true"));
      }
    }
    if (helm) {
      ObjectNode config = cluster.get("ConfigMap", "selvage-config");
      config.withObject("/metadata/annotations").put("meta.helm.sh/release-name", "edge");
    }
    Facts facts = facts(namespace);
    var hints = new ArrayList<String>();
    for (boolean pre : List.of(true, false)) {
      var outcomes = new ArrayList<Outcome>();
      for (Category category : run(facts, pre, outcomes)) {
        // Before an installation nobody knows who will keep it.
        if (!helm || !pre) {
          category.checks().get().forEach(check -> hints.add(check.hint()));
        }
      }
      outcomes.forEach(outcome -> hints.add(outcome.hint()));
    }
    return hints.stream()
        .flatMap(hint -> COMMAND.matcher(hint).results().map(found -> found.group(1)))
        .distinct()
        .toList();
  }

  private Facts facts(String namespace) {
    return new Facts(cluster.queries(), namespace, () -> NOW, () -> Optional.of(NOW));
  }

  private static List<Category> run(Facts facts, boolean pre, List<Outcome> outcomes)
      throws InterruptedException {
    List<Category> categories =
        CheckCommand.categories(facts, pre, !pre, "", (namespace, pod, port, path) -> "");
    new CheckRun(System::nanoTime, time -> {}, Duration.ZERO, outcomes::add, what -> {})
        .run(categories);
    return categories;
  }
}
