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
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints what an upgrade has left behind: objects of ours that this version does not make. */
@Command(
    name = "prune",
    description = "Print what older versions left behind: mesh prune | kubectl delete -f -",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:printed, or there is nothing and an empty List is printed",
      "1:there is no installation, or pods still need what is left; nothing is printed",
      "2:not understood"
    })
public final class PruneCommand implements Callable<Integer> {
  /** Without these Deployments nobody keeps the certificates of sidecars valid, or makes them. */
  private static final Set<String> NEEDED = Set.of("control-plane", MeshKinds.INJECTOR);

  /** What {@code kubectl} takes for nothing; without any object it fails. */
  private static final String NOTHING = "apiVersion: v1\nkind: List\nitems: []\n";

  @Spec private CommandSpec spec;

  @Option(
      names = "--force",
      description = "Go on although pods still have their sidecar, and need what is left over.")
  private boolean force;

  @Mixin private NamespaceOption namespace;
  @Mixin private KubeOptions kube;

  @Override
  public Integer call() throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    try (ChartFiles charts = ChartFiles.unpack();
        Cluster cluster = Cluster.connect(kube)) {
      Removal removal = removal(charts, cluster);
      if (removal.isEmpty()) {
        err.println("Nothing is left over.");
      }
      spec.commandLine().getOut().print(removal.isEmpty() ? NOTHING : removal.text());
      spec.commandLine().getOut().flush();
      return CommandLine.ExitCode.OK;
    } catch (CommandFailure e) {
      return e.report(err);
    } catch (RenderException | IOException e) {
      return CommandFailure.failed("mesh prune: " + e.getMessage()).report(err);
    }
  }

  private Removal removal(ChartFiles charts, Cluster cluster)
      throws CommandFailure, RenderException, IOException {
    String kubernetes = cluster.version().text();
    String home = namespace.name();
    Installation there = Installation.find(cluster, home);
    there.requireOurs("upgrade");
    if (!there.version().equals(VersionCommand.number())) {
      throw CommandFailure.failed(
          "The installation is of version %s and this command of %s: upgrade it first, or prune with the `mesh` of its version."
              .formatted(there.version(), VersionCommand.number()));
    }
    var release =
        new Release(
            home, there.overrides(), Optional.empty(), Surroundings.of(Optional.of(kubernetes)));
    var removal = new Removal();
    for (ObjectNode object :
        LeftOver.of(cluster, home, HelmEngine.objects(release.render(charts)))) {
      removal.add(object);
      String name = object.path("metadata").path("name").asText();
      if (object.path("kind").asText().equals(MeshKinds.DEPLOYMENT.kind())
          && NEEDED.contains(name)
          && !force) {
        MeshedPods.requireNone(cluster, home, "taking away " + name);
      }
    }
    JsonNode values = there.values();
    for (String part : List.of("controlPlane", "injector", "gateway")) {
      if (!values.path(part).path("enabled").asBoolean()) {
        MadeLater.of(part, cluster, home).stream()
            .filter(object -> !isTrustOf(home, object))
            .forEach(removal::add);
      }
    }
    return removal;
  }

  /** The anchors themselves, of which those of other namespaces are copies. */
  private static boolean isTrustOf(String home, ObjectNode object) {
    JsonNode metadata = object.path("metadata");
    return metadata.path("name").asText().equals(MeshKinds.TRUST_ROOTS)
        && metadata.path("namespace").asText().equals(home);
  }
}
