// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.cli.KubeOptions;
import io.selvage.cli.VersionCommand;
import io.selvage.cli.install.HelmEngine.RenderException;
import io.selvage.kube.api.NamedObjects.Type;
import java.io.IOException;
import java.io.PrintWriter;
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

  @Mixin private RenderOptions options;
  @Mixin private NamespaceOption namespace;
  @Mixin private KubeOptions kube;

  @Override
  public Integer call() throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    try (ChartFiles charts = ChartFiles.unpack();
        Cluster cluster = Cluster.connect(kube)) {
      String text = crds ? crds(charts, cluster) : everything(charts, cluster);
      var differences = new Differences(cluster);
      for (ObjectNode object : HelmEngine.objects(text)) {
        differences.look(object);
      }
      differences.lines().forEach(err::println);
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
    String text = Release.renderCrds(charts, namespace.name());
    new InstallChecks(cluster, namespace.name()).crdsAreOurs(HelmEngine.objects(text));
    return text;
  }

  private String everything(ChartFiles charts, Cluster cluster)
      throws CommandFailure, RenderException, IOException {
    String kubernetes = cluster.version().text();
    Installation there = Installation.find(cluster, namespace.name());
    there.requireOurs("upgrade");
    ObjectNode chosen = options.over(there.overrides(), charts);
    JsonNode effective = InstallCommand.effective(chosen, charts);
    var checks = new InstallChecks(cluster, namespace.name());
    List<String> foreign = List.of();
    if (effective.path("gateway").path("enabled").asBoolean()) {
      checks.crdsAreThere(HelmEngine.objects(Release.renderCrds(charts, namespace.name())));
      foreign = checks.foreignClasses();
    }
    if (effective.path("controlPlane").path("enabled").asBoolean()) {
      checks.trustMaterialKept();
    }
    String text =
        new Release(namespace.name(), chosen, Optional.empty(), foreign, Optional.of(kubernetes))
            .render(charts);
    checks.monitoringIsServed(HelmEngine.objects(text));
    spec.commandLine()
        .getErr()
        .println("from " + there.version() + " to " + VersionCommand.number());
    return text;
  }

  /** What an upgrade would do to each object. */
  static final class Differences {
    private final Cluster cluster;
    private final java.util.ArrayList<String> lines = new java.util.ArrayList<>();
    private int same;

    Differences(Cluster cluster) {
      this.cluster = cluster;
    }

    void look(ObjectNode wanted) throws CommandFailure {
      Optional<Type> type = MeshKinds.of(wanted);
      if (type.isEmpty()) {
        return;
      }
      JsonNode metadata = wanted.path("metadata");
      Optional<ObjectNode> there =
          cluster.get(
              type.get(),
              type.get().namespaced() ? metadata.path("namespace").asText() : "",
              metadata.path("name").asText());
      if (there.isEmpty()) {
        lines.add("new      " + MeshKinds.reference(wanted));
        return;
      }
      List<String> changes = TreeDifference.of(there.get(), wanted);
      if (changes.isEmpty()) {
        same++;
      } else {
        lines.add("changed  " + MeshKinds.reference(wanted));
        changes.forEach(change -> lines.add("           " + change));
      }
    }

    List<String> lines() {
      var all = new java.util.ArrayList<>(lines);
      all.add(same + (same == 1 ? " object stays as it is" : " objects stay as they are"));
      return all;
    }
  }
}
