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
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
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
  private static final Pattern VERSION =
      Pattern.compile("v?1\\.[0-9]{1,3}(\\.[0-9]{1,4})?([-+][0-9A-Za-z.+-]{1,60})?");

  @Spec private CommandSpec spec;

  @Option(
      names = "--crds",
      description = "The custom resources, which come first, and nothing else.")
  private boolean crds;

  @Option(
      names = "--ignore-cluster",
      description = "Ask no cluster: neither whether there is an installation nor what it can do.")
  private boolean ignoreCluster;

  @Option(
      names = {"--kubernetes-version", "--kube-version"},
      paramLabel = "VERSION",
      description =
          "With --ignore-cluster: the version of Kubernetes to render for (default: "
              + HelmEngine.KUBERNETES
              + ").")
  private @Nullable String kubernetesVersion;

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
    InstallChecks.namespaceIsNotTheClusters(namespace.name());
    ObjectNode chosen = options.over(JsonNodeFactory.instance.objectNode(), charts);
    JsonNode effective = effective(chosen, charts);
    boolean external = effective.path("identity").path("external").asBoolean();
    boolean controlPlane = effective.path("controlPlane").path("enabled").asBoolean();
    Surroundings surroundings = Surroundings.of(versionToRenderFor());
    if (!ignoreCluster) {
      try (Cluster cluster = Cluster.connect(kube)) {
        Version version = cluster.version();
        surroundings = Surroundings.of(Optional.of(version.text()));
        var checks = new InstallChecks(cluster, namespace.name());
        // But for trust material.
        var release = new Release(namespace.name(), chosen, Optional.empty(), surroundings);
        List<ObjectNode> wanted = HelmEngine.objects(release.render(charts));
        checks.mayInstall(wanted);
        checks.mayGrant(wanted);
        checks.nothingInstalled();
        checks.namespaceIsFree();
        checks.monitoringIsServed(wanted);
        if (effective.path("gateway").path("enabled").asBoolean()) {
          checks.crdsAreThere(HelmEngine.objects(Release.renderCrds(charts, namespace.name())));
          surroundings = surroundings.withForeignClasses(checks.foreignClasses());
        }
        if (controlPlane) {
          checks.trustMaterial(external);
        }
        surroundings = withApiServerPorts(surroundings, chosen, effective, checks);
      }
      surroundings.foreignClasses().forEach(this::tellForeignClass);
    }
    Optional<TrustMaterial> trust =
        controlPlane && !external ? Optional.of(fresh(effective)) : Optional.empty();
    return new Release(namespace.name(), chosen, trust, surroundings).render(charts);
  }

  /** Where nobody asks the cluster, somebody has to say. */
  private Optional<String> versionToRenderFor() throws CommandFailure {
    String version = kubernetesVersion;
    if (version == null) {
      if (ignoreCluster) {
        spec.commandLine()
            .getErr()
            .println(
                "mesh install: rendered for Kubernetes "
                    + HelmEngine.KUBERNETES
                    + ", since no cluster was asked; --kubernetes-version names another.");
      }
      return Optional.empty();
    }
    if (!ignoreCluster) {
      throw CommandFailure.misunderstood(
          "--kubernetes-version goes with --ignore-cluster: the cluster says its version itself");
    }
    if (!VERSION.matcher(version).matches()) {
      throw CommandFailure.misunderstood(
          "\"" + version + "\" is no version of Kubernetes, such as v1.30.2");
    }
    return Optional.of(version.startsWith("v") ? version : "v" + version);
  }

  /** Who has chosen ports knows better: a policy may see others than the API server has. */
  static Surroundings withApiServerPorts(
      Surroundings surroundings, JsonNode chosen, JsonNode effective, InstallChecks checks)
      throws CommandFailure {
    String ports = "/networkPolicies/apiServer/ports";
    return chosen.at(ports).isMissingNode()
        ? surroundings.withApiServerPorts(checks.apiServerPorts(effective.at(ports)))
        : surroundings;
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
