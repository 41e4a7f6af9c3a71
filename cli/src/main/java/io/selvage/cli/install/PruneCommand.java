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
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints what an upgrade has left behind: objects of ours that this version does not make. */
@Command(
    name = "prune",
    description = "Print what older versions left behind: mesh prune | kubectl delete -f -",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:printed, or there is nothing",
      "1:there is no installation",
      "2:not understood"
    })
public final class PruneCommand implements Callable<Integer> {
  /** Made once, by an installation or by the control plane, and kept by every upgrade. */
  private static final String KEPT = "identity";

  @Spec private CommandSpec spec;
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
      spec.commandLine().getOut().print(removal.text());
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
    Installation there = Installation.find(cluster, namespace.name());
    there.requireOurs("upgrade");
    if (!there.version().equals(VersionCommand.number())) {
      throw CommandFailure.failed(
          "The installation is of version %s and this command of %s: upgrade it first, or prune with the `mesh` of its version."
              .formatted(there.version(), VersionCommand.number()));
    }
    var release =
        new Release(
            namespace.name(),
            there.overrides(),
            Optional.empty(),
            List.of(),
            Optional.of(kubernetes));
    Set<String> wanted = new HashSet<>();
    for (ObjectNode object : HelmEngine.objects(release.render(charts))) {
      wanted.add(key(object));
    }
    var removal = new Removal();
    for (ObjectNode object : cluster.installed(namespace.name())) {
      String component =
          object.path("metadata").path("labels").path(MeshKinds.COMPONENT_LABEL).asText();
      if (!component.equals(KEPT) && !wanted.contains(key(object))) {
        removal.add(object);
      }
    }
    return removal;
  }

  private static String key(JsonNode object) {
    return object.path("kind").asText() + "/" + object.path("metadata").path("name").asText();
  }
}
