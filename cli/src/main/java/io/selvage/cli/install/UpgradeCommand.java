// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.cli.KubeOptions;
import io.selvage.cli.VersionCommand;
import io.selvage.cli.install.HelmEngine.RenderException;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.module.ModuleDescriptor.Version;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints an installation anew, by this version and with other values, and says what changes. */
@Command(
    name = "upgrade",
    description = "Print the manifests of an upgrade: mesh upgrade | kubectl apply -f -",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:printed; standard error says what changes",
      "1:it cannot be upgraded; nothing is printed",
      "2:not understood"
    })
public final class UpgradeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--crds",
      description = "The custom resources, which come first, and nothing else.")
  private boolean crds;

  @Option(
      names = "--allow-downgrade",
      description = "Go on although the installation is of a newer version than this command.")
  private boolean allowDowngrade;

  @Mixin private RenderOptions options;
  @Mixin private NamespaceOption namespace;
  @Mixin private KubeOptions kube;

  @Override
  public Integer call() throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    try (ChartFiles charts = ChartFiles.unpack();
        Cluster cluster = Cluster.connect(kube)) {
      String text = crds ? crds(charts, cluster) : everything(charts, cluster);
      spec.commandLine().getOut().print(text);
      spec.commandLine().getOut().flush();
      return CommandLine.ExitCode.OK;
    } catch (CommandFailure e) {
      return e.report(err);
    } catch (RenderException | IOException e) {
      return CommandFailure.failed("mesh upgrade: " + e.getMessage()).report(err);
    }
  }

  private String crds(ChartFiles charts, Cluster cluster)
      throws CommandFailure, RenderException, IOException {
    cluster.version();
    Optional<Installation> there = Installation.lookUp(cluster, namespace.name());
    if (there.isPresent()) {
      requireNoDowngrade(there.get());
    }
    String text = Release.renderCrds(charts, namespace.name());
    List<ObjectNode> objects = HelmEngine.objects(text);
    var checks = new InstallChecks(cluster, namespace.name());
    checks.crdsAreOurs(objects);
    Differences differences = differences(cluster, objects);
    checks.mayUpgrade(differences, objects);
    tell(differences);
    return text;
  }

  private String everything(ChartFiles charts, Cluster cluster)
      throws CommandFailure, RenderException, IOException {
    String kubernetes = cluster.version().text();
    Installation there = Installation.find(cluster, namespace.name());
    there.requireOurs("upgrade");
    requireNoDowngrade(there);
    ObjectNode chosen = options.over(there.overrides(), charts);
    JsonNode effective = InstallCommand.effective(chosen, charts);
    var checks = new InstallChecks(cluster, namespace.name());
    checks.trustDomainStays(there.values(), effective);
    Surroundings surroundings =
        Surroundings.of(Optional.of(kubernetes)).withReplicas(cluster.replicas(namespace.name()));
    if (effective.path("gateway").path("enabled").asBoolean()) {
      checks.crdsAreThere(HelmEngine.objects(Release.renderCrds(charts, namespace.name())));
      surroundings = surroundings.withForeignClasses(checks.foreignClasses());
    }
    if (effective.path("controlPlane").path("enabled").asBoolean()) {
      checks.trustMaterialKept();
    }
    surroundings = InstallCommand.withApiServerPorts(surroundings, chosen, effective, checks);
    String text =
        new Release(namespace.name(), chosen, Optional.empty(), surroundings).render(charts);
    List<ObjectNode> objects = HelmEngine.objects(text);
    checks.monitoringIsServed(objects);
    Differences differences = differences(cluster, objects);
    checks.mayUpgrade(differences, objects);
    List<ObjectNode> left = LeftOver.of(cluster, namespace.name(), objects);
    left.forEach(differences::left);
    PrintWriter err = spec.commandLine().getErr();
    err.println("from " + there.version() + " to " + VersionCommand.number());
    tell(differences);
    if (!left.isEmpty()) {
      err.println(
          "what is left goes by `mesh prune"
              + NamespaceOption.in(namespace.name())
              + " | kubectl delete -f -`, behind the upgrade");
    }
    return text;
  }

  /** Older manifests know nothing of what a newer version keeps in the cluster. */
  private void requireNoDowngrade(Installation there) throws CommandFailure {
    String own = VersionCommand.number();
    if (!allowDowngrade && isOlder(own, there.version())) {
      throw CommandFailure.failed(
          "The installation is of version "
              + there.version()
              + " and this command of "
              + own
              + ", which is older: use the `mesh` of that version, or say --allow-downgrade.");
    }
  }

  private static boolean isOlder(String one, String other) {
    try {
      return Version.parse(one).compareTo(Version.parse(other)) < 0;
    } catch (IllegalArgumentException e) {
      // Of a build without a version nobody knows how old it is.
      return false;
    }
  }

  private static Differences differences(Cluster cluster, List<ObjectNode> objects)
      throws CommandFailure {
    var differences = new Differences(cluster);
    for (ObjectNode object : objects) {
      differences.look(object);
    }
    return differences;
  }

  private void tell(Differences differences) {
    differences.lines().forEach(spec.commandLine().getErr()::println);
  }
}
