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
import java.util.HashSet;
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
  /** What others keep in a namespace shows by other kinds; these come and go by themselves. */
  private static final Set<String> NOT_KEPT =
      Set.of(
          "events",
          "events.events.k8s.io",
          "endpoints",
          "packagemanifests.packages.operators.coreos.com");

  /** Groups of kinds that no object is behind. */
  private static final Set<String> MEASURED =
      Set.of("metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io");

  /** Labels that an installation gives its namespace. */
  private static final Set<String> LABELS =
      Set.of(
          MeshKinds.COMPONENT_LABEL,
          "app.kubernetes.io/name",
          "app.kubernetes.io/part-of",
          "app.kubernetes.io/component",
          "app.kubernetes.io/version",
          "pod-security.kubernetes.io/enforce",
          "pod-security.kubernetes.io/warn");

  /** Objects, and types of Secrets, that Kubernetes makes in namespaces by itself. */
  private static final Set<String> OF_KUBERNETES =
      Set.of(
          "configmap/kube-root-ca.crt",
          "configmap/openshift-service-ca.crt",
          "serviceaccount/default",
          "serviceaccount/builder",
          "serviceaccount/deployer",
          "rolebinding/system:deployers",
          "rolebinding/system:image-builders",
          "rolebinding/system:image-pullers",
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
    Optional<Installation> there = Installation.lookUp(cluster, home);
    if (!force) {
      MeshedPods.requireNone(cluster, home, "uninstalling the control plane");
    }
    if (there.isPresent()) {
      tellIfSomebodyElseKeeps(there.get());
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

  private void tellIfSomebodyElseKeeps(Installation installation) throws IOException {
    Optional<String> release = installation.helmRelease();
    if (release.isPresent()) {
      tell(
          "this installation is kept by Helm; run `helm uninstall "
              + release.get()
              + "` as well, or Helm goes on believing that it is there.");
    } else if (!installation.isOurs()) {
      tell(
          "this installation was rendered by another tool than `mesh install`; remove it there as"
              + " well, or it may come back.");
    }
  }

  private void tell(String sentence) {
    spec.commandLine().getErr().println("mesh uninstall: " + sentence);
  }

  /**
   * What the processes made while they ran. Their rights are gone by then, so nothing comes back.
   *
   * @param trust whether issuer and trust anchors are among it, and not somebody else's
   */
  private static void addWhatWasMadeLater(
      Cluster cluster, String home, boolean trust, Removal removal) throws CommandFailure {
    if (trust) {
      addNamed(cluster, Type.SECRET, home, MeshKinds.ISSUER, removal);
    }
    for (ObjectNode lease : cluster.list(MeshKinds.LEASE, home, "")) {
      if (lease.path("metadata").path("name").asText().startsWith("selvage-")) {
        removal.add(lease);
      }
    }
    for (String part : List.of("injector", "controlPlane", "gateway")) {
      MadeLater.of(part, cluster, home).forEach(removal::add);
    }
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
      tell(
          "the custom resources that are in use stay ("
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
    String reason = whyItStays(cluster, home, removal);
    if (reason.isEmpty()) {
      removal.add(typed(there.get(), Type.NAMESPACE));
      return;
    }
    var command = new StringBuilder("kubectl label namespace " + home);
    JsonNode labels = there.get().path("metadata").path("labels");
    LABELS.stream()
        .sorted()
        .filter(labels::has)
        .forEach(l -> command.append(' ').append(l).append('-'));
    tell(
        "the namespace "
            + home
            + " stays, because "
            + reason
            + "; `"
            + command
            + "` takes our labels off it.");
  }

  /** Empty if nothing but ours is in a namespace. */
  private static String whyItStays(Cluster cluster, String home, Removal removal)
      throws CommandFailure {
    Set<String> going = new HashSet<>();
    for (ObjectNode crd : cluster.list(MeshKinds.CRD, "", "app.kubernetes.io/part-of=selvage")) {
      if (removal.has(crd)) {
        going.add(resource(kind(crd.path("spec"))));
      }
    }
    var others = new ArrayList<String>();
    try {
      for (Type type : cluster.listable()) {
        if (NOT_KEPT.contains(resource(type))
            || MEASURED.contains(type.group())
            || going.contains(resource(type))) {
          continue;
        }
        for (ObjectNode object : cluster.list(type, home, "!" + MeshKinds.COMPONENT_LABEL)) {
          if (!removal.has(object) && isOfOthers(object)) {
            others.add(MeshKinds.reference(object));
          }
        }
      }
    } catch (CommandFailure e) {
      return "not all that is in it can be seen (" + e.getMessage() + ")";
    }
    return others.isEmpty()
        ? ""
        : "it holds what is not ours (" + InstallChecks.names(others) + ")";
  }

  /**
   * What an owner has made goes and stays with its owner, and what Kubernetes makes is nobody's.
   */
  private static boolean isOfOthers(JsonNode object) {
    return object.path("metadata").path("ownerReferences").isEmpty()
        && !OF_KUBERNETES.contains(MeshKinds.reference(object))
        && !OF_KUBERNETES.contains(object.path("type").asText());
  }

  /** {@code mappings.getambassador.io}. */
  private static String resource(Type type) {
    return type.group().isEmpty() ? type.plural() : type.plural() + "." + type.group();
  }
}
