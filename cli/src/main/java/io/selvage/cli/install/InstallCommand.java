// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.cli.KubeOptions;
import io.selvage.cli.install.HelmEngine.RenderException;
import io.selvage.kube.api.ApiQueries.Version;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints what a cluster needs to run Selvage. */
@Command(
    name = "install",
    description = "Print the manifests of an installation: mesh install | kubectl apply -f -",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:printed",
      "1:it cannot be installed there; nothing is printed",
      "2:not understood"
    })
public final class InstallCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--crds",
      description = "The custom resources, which come first, and nothing else.")
  private boolean crds;

  @Option(
      names = "--ignore-cluster",
      description = "Ask no cluster: neither whether there is an installation nor what it can do.")
  private boolean ignoreCluster;

  @Mixin private RenderOptions options;
  @Mixin private NamespaceOption namespace;
  @Mixin private KubeOptions kube;

  @Override
  public Integer call() throws IOException {
    try (ChartFiles charts = ChartFiles.unpack()) {
      String text = crds ? crds(charts) : everything(charts);
      spec.commandLine().getOut().print(text);
      spec.commandLine().getOut().flush();
      return CommandLine.ExitCode.OK;
    } catch (CommandFailure e) {
      return e.report(spec.commandLine().getErr());
    } catch (RenderException | IOException e) {
      return CommandFailure.failed("mesh install: " + e.getMessage())
          .report(spec.commandLine().getErr());
    }
  }

  private String crds(ChartFiles charts) throws CommandFailure, RenderException, IOException {
    String text = Release.renderCrds(charts, namespace.name());
    if (!ignoreCluster) {
      try (Cluster cluster = Cluster.connect(kube)) {
        cluster.version();
        var checks = new InstallChecks(cluster, namespace.name());
        checks.mayCreate(MeshKinds.CRD);
        checks.crdsAreOurs(HelmEngine.objects(text));
      }
    }
    return text;
  }

  private String everything(ChartFiles charts) throws CommandFailure, RenderException, IOException {
    ObjectNode chosen = options.over(JsonNodeFactory.instance.objectNode(), charts);
    JsonNode effective = effective(chosen, charts);
    boolean external = effective.path("identity").path("external").asBoolean();
    boolean controlPlane = effective.path("controlPlane").path("enabled").asBoolean();
    Optional<String> kubernetes = Optional.empty();
    List<String> foreignClasses = List.of();
    if (!ignoreCluster) {
      try (Cluster cluster = Cluster.connect(kube)) {
        Version version = cluster.version();
        kubernetes = Optional.of(version.text());
        var checks = new InstallChecks(cluster, namespace.name());
        checks.mayInstall();
        List<ObjectNode> wanted = HelmEngine.objects(untrusted(chosen, kubernetes).render(charts));
        checks.mayGrant(wanted);
        checks.nothingInstalled();
        checks.monitoringIsServed(wanted);
        if (effective.path("gateway").path("enabled").asBoolean()) {
          checks.crdsAreThere(HelmEngine.objects(Release.renderCrds(charts, namespace.name())));
          foreignClasses = checks.foreignClasses();
        }
        if (controlPlane) {
          checks.trustMaterial(external);
        }
      }
      foreignClasses.forEach(this::tellForeignClass);
    }
    Optional<TrustMaterial> trust =
        controlPlane && !external ? Optional.of(fresh(effective)) : Optional.empty();
    return new Release(namespace.name(), chosen, trust, foreignClasses, kubernetes).render(charts);
  }

  /** What would be installed, but for trust material. */
  private Release untrusted(ObjectNode chosen, Optional<String> kubernetes) throws CommandFailure {
    return new Release(namespace.name(), chosen, Optional.empty(), List.of(), kubernetes);
  }

  /** The chart's own values with the chosen ones over them. */
  static JsonNode effective(ObjectNode chosen, ChartFiles charts) throws IOException {
    return new ChartValues()
        .mergeYaml("values.yaml", charts.text(ChartFiles.INSTALL, "values.yaml"))
        .merge(chosen)
        .tree();
  }

  private static TrustMaterial fresh(JsonNode effective) throws CommandFailure {
    try {
      return TrustMaterial.fresh(effective.path("trustDomain").asText(), Instant.now());
    } catch (IllegalArgumentException e) {
      throw CommandFailure.misunderstood(e);
    }
  }

  private void tellForeignClass(String name) {
    spec.commandLine()
        .getErr()
        .println(
            "mesh install: the IngressClass "
                + name
                + " is somebody else's and stays as it is; Ingresses of that class are served by"
                + " whom it names.");
  }
}
