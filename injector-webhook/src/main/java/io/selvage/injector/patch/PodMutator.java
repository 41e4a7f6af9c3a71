// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.patch;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.selvage.injector.config.ProxyConfig;
import io.selvage.injector.pod.MeshNames;
import io.selvage.injector.pod.PodTree;
import io.selvage.model.kube.Workloads.Workload;
import io.selvage.model.mesh.MeshProtocol;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Adds a sidecar to a pod. Pure; what is injected depends on the operator's settings and on checked
 * values alone, never on a text of the pod author's that was not looked at.
 */
public final class PodMutator {
  /** Value of a label, at most 63 characters. */
  private static final Pattern LABEL_VALUE =
      Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?");

  private final MutatorSettings settings;

  /** What the operator has chosen. */
  public MutatorSettings settings() {
    return settings;
  }

  public PodMutator(MutatorSettings settings) {
    this.settings = requireNonNull(settings, "settings");
  }

  /**
   * The patch and what there is to say about it.
   *
   * @param warnings for whoever made the pod
   */
  public record Mutation(JsonPatch patch, List<String> warnings) {
    public Mutation {
      requireNonNull(patch, "patch");
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * Makes the patch for a pod that has no sidecar yet.
   *
   * @param workload whom the pod belongs to, for its labels; empty parts give no label
   * @throws NameTakenException if the pod has a container or volume of a name that is needed
   */
  public Mutation mutate(PodTree pod, ProxyConfig chosen, Workload workload)
      throws NameTakenException {
    requireFree(pod);
    ProxyConfig config = chosen.over(settings.defaults());
    var parts = new SidecarContainers(settings, config, pod);
    var patch = new JsonPatch();
    if (!pod.root().path("metadata").isObject()) {
      patch.add("/metadata", JsonNodeFactory.instance.objectNode());
    }
    strings(patch, pod, "annotations", annotations(config));
    strings(patch, pod, "labels", labels(workload));
    list(patch, pod, "volumes", false, parts.tokenVolume());
    list(patch, pod, "volumes", true, parts.trustVolume());
    list(patch, pod, "volumes", true, parts.scratchVolume());
    pullSecrets(patch, pod);
    if (parts.isNative()) {
      first(patch, pod, "initContainers", parts.init(), parts.proxy());
    } else {
      first(patch, pod, "initContainers", parts.init());
      first(patch, pod, "containers", parts.proxy());
    }
    var warnings = new ArrayList<>(config.warnings());
    warnings.addAll(conflicts(pod, parts));
    return new Mutation(patch, warnings);
  }

  private Map<String, String> annotations(ProxyConfig config) {
    var annotations = new TreeMap<>(config.annotations());
    annotations.put(MeshNames.CREATED_BY, settings.createdBy());
    annotations.put(MeshNames.PROXY_VERSION, settings.version());
    return annotations;
  }

  private Map<String, String> labels(Workload workload) {
    var labels = new TreeMap<String, String>();
    labels.put(MeshNames.CONTROL_PLANE_NS, settings.controlNamespace());
    labels.put(MeshNames.WORKLOAD_NS, workload.namespace());
    labels.put(MeshNames.WORKLOAD_KIND, workload.kind().toLowerCase(Locale.ROOT));
    labels.put(MeshNames.WORKLOAD_NAME, workload.name());
    // A name may be longer than a label's value, and half a name would be another's.
    labels.values().removeIf(value -> !LABEL_VALUE.matcher(value).matches());
    return labels;
  }

  private static void strings(
      JsonPatch patch, PodTree pod, String field, Map<String, String> values) {
    String at = "/metadata/" + field;
    if (pod.has("metadata", field)) {
      values.forEach(
          (name, value) -> patch.add(at + "/" + JsonPatch.escape(name), TextNode.valueOf(value)));
    } else {
      ObjectNode all = JsonNodeFactory.instance.objectNode();
      values.forEach(all::put);
      patch.add(at, all);
    }
  }

  private static void list(
      JsonPatch patch, PodTree pod, String field, boolean made, ObjectNode value) {
    if (made || pod.has("spec", field)) {
      patch.add("/spec/" + field + "/-", value);
    } else {
      patch.add("/spec/" + field, JsonNodeFactory.instance.arrayNode().add(value));
    }
  }

  private void pullSecrets(JsonPatch patch, PodTree pod) {
    var named = new HashSet<String>();
    pod.root()
        .path("spec")
        .path("imagePullSecrets")
        .forEach(secret -> named.add(secret.path("name").asText()));
    boolean made = false;
    for (String name : settings.pullSecrets()) {
      if (named.add(name)) {
        list(
            patch,
            pod,
            "imagePullSecrets",
            made,
            JsonNodeFactory.instance.objectNode().put("name", name));
        made = true;
      }
    }
  }

  private static void first(JsonPatch patch, PodTree pod, String field, ObjectNode... values) {
    if (!pod.has("spec", field)) {
      patch.add("/spec/" + field, JsonNodeFactory.instance.arrayNode().addAll(List.of(values)));
      return;
    }
    for (int i = 0; i < values.length; i++) {
      patch.add("/spec/" + field + "/" + i, values[i]);
    }
  }

  private static void requireFree(PodTree pod) throws NameTakenException {
    for (String volume :
        List.of(MeshNames.TOKEN_VOLUME, MeshNames.TRUST_VOLUME, MeshNames.SCRATCH_VOLUME)) {
      if (pod.volumes().contains(volume)) {
        throw new NameTakenException("volume", volume);
      }
    }
  }

  /** What will not work as the pod's author may think. */
  private static List<String> conflicts(PodTree pod, SidecarContainers parts) {
    var found = new ArrayList<String>();
    List<Integer> taken = List.of(parts.inboundPort(), parts.outboundPort(), parts.adminPort());
    Stream.concat(pod.initContainers().stream(), pod.containers().stream())
        .forEach(container -> {
          container.ports().stream()
              .filter(taken::contains)
              .forEach(port ->
                  found.add(
                      "container %s uses port %d, which is the sidecar's: choose others by the"
                              .formatted(container.name(), port)
                          + " annotations config.selvage.io/{inbound,outbound,admin}-port"));
          if (container.runAsUser() == MeshProtocol.PROXY_UID) {
            found.add(
                "container %s runs as user %d, the sidecar's: its connections bypass the mesh"
                    .formatted(container.name(), MeshProtocol.PROXY_UID));
          }
        });
    return found.size() > 20 ? found.subList(0, 20) : found;
  }
}
