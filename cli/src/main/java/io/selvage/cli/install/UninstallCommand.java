// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.cli.KubeOptions;
import io.selvage.kube.api.NamedObjects.Type;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
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

/** Prints what to delete so that nothing of ours is left. */
@Command(
    name = "uninstall",
    description = "Print what an uninstallation deletes: mesh uninstall | kubectl delete -f -",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:printed",
      "1:pods still have their sidecar, or there is nothing to remove; nothing is printed",
      "2:not understood"
    })
public final class UninstallCommand implements Callable<Integer> {
  /** What people keep in a namespace. Jobs and the like show by their pods, if they run. */
  private static final List<Type> KEPT_IN_NAMESPACES =
      List.of(
          MeshKinds.DEPLOYMENT,
          new Type("apps", "v1", "StatefulSet", "statefulsets", true),
          new Type("batch", "v1", "CronJob", "cronjobs", true),
          MeshKinds.POD,
          MeshKinds.SERVICE,
          new Type("networking.k8s.io", "v1", "Ingress", "ingresses", true),
          new Type("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
          Type.SECRET,
          Type.CONFIG_MAP);

  /** Secrets and ConfigMaps that Kubernetes makes in namespaces by itself. */
  private static final Set<String> OF_KUBERNETES =
      Set.of(
          "kube-root-ca.crt",
          "openshift-service-ca.crt",
          "kubernetes.io/service-account-token",
          "kubernetes.io/dockercfg");

  @Spec private CommandSpec spec;

  @Option(
      names = "--force",
      description =
          "Go on although pods still have their sidecar; they keep it until they are made anew.")
  private boolean force;

  @Option(
      names = "--crds",
      description =
          "Delete custom resources that are in use too, and with them every Mapping, Host and the"
              + " like.")
  private boolean crds;

  @Mixin private NamespaceOption namespace;
  @Mixin private KubeOptions kube;

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    try (Cluster cluster = Cluster.connect(kube)) {
      String text = removal(cluster).text();
      spec.commandLine().getOut().print(text);
      spec.commandLine().getOut().flush();
      return CommandLine.ExitCode.OK;
    } catch (CommandFailure e) {
      return e.report(err);
    } catch (IOException e) {
      return CommandFailure.failed("mesh uninstall: " + e.getMessage()).report(err);
    }
  }

  private Removal removal(Cluster cluster) throws CommandFailure, IOException {
    String home = namespace.name();
    Optional<Installation> there =
        cluster
            .get(Type.CONFIG_MAP, home, MeshKinds.CONFIG)
            .map(config -> new Installation(home, config));
    there.ifPresent(this::tellIfHelm);
    List<ObjectNode> meshed = cluster.meshedPods(home);
    if (!meshed.isEmpty() && !force) {
      throw CommandFailure.failed(
          "Please uninject the following pods before uninstalling the control plane, or say"
              + " --force:"
              + System.lineSeparator()
              + lines(meshed));
    }
    var removal = new Removal();
    cluster.installed(home).forEach(removal::add);
    // Without the ConfigMap nobody knows whose they are; those of `mesh install` carry our label.
    boolean ours =
        there.isPresent() && !there.get().values().path("identity").path("external").asBoolean();
    addWhatWasMadeLater(cluster, home, ours, removal);
    addCrds(cluster, removal);
    addNamespace(cluster, home, removal);
    if (removal.isEmpty()) {
      throw CommandFailure.failed(
          "There is nothing of Selvage in the namespace " + home + "; say with -n where it is.");
    }
    return removal;
  }

  private void tellIfHelm(Installation installation) {
    installation
        .helmRelease()
        .ifPresent(release ->
            spec.commandLine()
                .getErr()
                .println(
                    "mesh uninstall: this installation is kept by Helm; run `helm uninstall "
                        + release
                        + "` as well, or Helm goes on believing that it is there."));
  }

  /**
   * What the processes made while they ran. Their rights are gone by then, so nothing comes back.
   *
   * @param trust whether issuer and trust anchors are among it, and not somebody else's
   */
  private static void addWhatWasMadeLater(
      Cluster cluster, String home, boolean trust, Removal removal) throws CommandFailure {
    addNamed(cluster, Type.SECRET, home, MeshKinds.INJECTOR_TLS, removal);
    if (trust) {
      addNamed(cluster, Type.SECRET, home, MeshKinds.ISSUER, removal);
    }
    for (ObjectNode lease : cluster.list(MeshKinds.LEASE, home, "")) {
      if (lease.path("metadata").path("name").asText().startsWith("selvage-")) {
        removal.add(lease);
      }
    }
    for (ObjectNode map :
        cluster.list(Type.CONFIG_MAP, "", "app.kubernetes.io/managed-by=selvage")) {
      if (map.path("metadata").path("name").asText().equals(MeshKinds.TRUST_ROOTS)) {
        removal.add(map);
      }
    }
    addNamed(cluster, Type.CONFIG_MAP, home, MeshKinds.REPLICAS, removal);
    if (trust) {
      addNamed(cluster, Type.CONFIG_MAP, home, MeshKinds.TRUST_ROOTS, removal);
    }
  }

  private static void addNamed(
      Cluster cluster, Type type, String home, String name, Removal removal) throws CommandFailure {
    cluster.get(type, home, name).ifPresent(object -> removal.add(typed(object, type)));
  }

  private static ObjectNode typed(ObjectNode object, Type type) {
    return object.put("apiVersion", type.apiVersion()).put("kind", type.kind());
  }

  /** Deleting a custom resource deletes its objects, which are the user's. */
  private void addCrds(Cluster cluster, Removal removal) throws CommandFailure {
    var kept = new ArrayList<String>();
    for (ObjectNode crd : cluster.list(MeshKinds.CRD, "", "app.kubernetes.io/part-of=selvage")) {
      JsonNode definition = crd.path("spec");
      int inUse = crds ? 0 : objects(cluster, definition);
      if (inUse == 0) {
        removal.add(crd);
      } else {
        kept.add(inUse + " " + definition.path("names").path("plural").asText());
      }
    }
    if (!kept.isEmpty()) {
      spec.commandLine()
          .getErr()
          .println(
              "mesh uninstall: the custom resources that are in use stay ("
                  + InstallChecks.names(kept)
                  + "); --crds deletes them with all their objects.");
    }
  }

  private static int objects(Cluster cluster, JsonNode definition) throws CommandFailure {
    return cluster.list(kind(definition), "", "").size();
  }

  private static Type kind(JsonNode definition) {
    String version = "";
    for (JsonNode candidate : definition.path("versions")) {
      if (candidate.path("storage").asBoolean()) {
        version = candidate.path("name").asText();
      }
    }
    return new Type(
        definition.path("group").asText(),
        version,
        definition.path("names").path("kind").asText(),
        definition.path("names").path("plural").asText(),
        definition.path("scope").asText().equals("Namespaced"));
  }

  /** With a namespace goes all that is in it, so it stays if something of others is. */
  private void addNamespace(Cluster cluster, String home, Removal removal) throws CommandFailure {
    Optional<ObjectNode> there = cluster.get(Type.NAMESPACE, "", home);
    if (there.isEmpty()
        || there.get().path("metadata").has("deletionTimestamp")
        || !there.get().path("metadata").path("labels").has(MeshKinds.COMPONENT_LABEL)) {
      return;
    }
    var others = new ArrayList<String>();
    var types = new ArrayList<>(KEPT_IN_NAMESPACES);
    for (ObjectNode crd : cluster.list(MeshKinds.CRD, "", "")) {
      Type type = kind(crd.path("spec"));
      if (type.group().equals(MeshKinds.GROUP) && type.namespaced() && !removal.has(crd)) {
        types.add(type);
      }
    }
    for (Type type : types) {
      for (ObjectNode object : cluster.list(type, home, "!" + MeshKinds.COMPONENT_LABEL)) {
        if (!removal.has(object)
            && !OF_KUBERNETES.contains(object.path("metadata").path("name").asText())
            && !OF_KUBERNETES.contains(object.path("type").asText())) {
          others.add(MeshKinds.reference(object));
        }
      }
    }
    if (others.isEmpty()) {
      removal.add(typed(there.get(), Type.NAMESPACE));
    } else {
      spec.commandLine()
          .getErr()
          .println(
              "mesh uninstall: the namespace "
                  + home
                  + " stays, because it holds what is not ours ("
                  + InstallChecks.names(others)
                  + ").");
    }
  }

  private static String lines(List<ObjectNode> pods) {
    var lines = new StringBuilder();
    for (ObjectNode pod : pods) {
      lines
          .append("\t* ")
          .append(pod.path("metadata").path("namespace").asText())
          .append('/')
          .append(pod.path("metadata").path("name").asText())
          .append(System.lineSeparator());
    }
    return lines.toString().stripTrailing();
  }
}
