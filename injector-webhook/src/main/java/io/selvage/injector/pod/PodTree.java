// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.model.kube.OwnerReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A pod, or a pod template, as it was sent: whatever is read or written here was checked for its
 * shape before, and everything else stays unread. The tree is never changed.
 */
public final class PodTree {
  /** What Kubernetes gives a pod that says nothing, in seconds. */
  public static final int DEFAULT_GRACE_SECONDS = 30;

  /** Label of nodes. */
  private static final String NODE_OS = "kubernetes.io/os";

  private final ObjectNode root;
  private final ObjectNode spec;
  private final Map<String, String> labels;
  private final Map<String, String> annotations;
  private final List<Container> initContainers;
  private final List<Container> containers;
  private final List<String> volumes;

  private PodTree(ObjectNode root) throws BadPodException {
    this.root = root;
    JsonNode metadata = root.path("metadata");
    require(isAbsent(metadata) || metadata.isObject(), "metadata", "a mapping");
    this.labels = strings(metadata.path("labels"), "metadata.labels");
    this.annotations = strings(metadata.path("annotations"), "metadata.annotations");
    if (!(root.get("spec") instanceof ObjectNode given)) {
      throw new BadPodException("spec", "a mapping");
    }
    this.spec = given;
    this.initContainers = containers("initContainers");
    this.containers = containers("containers");
    this.volumes = names(spec.path("volumes"), "spec.volumes");
    JsonNode nodes = spec.path("nodeSelector");
    require(isAbsent(nodes) || nodes.isObject(), "spec.nodeSelector", "a mapping");
    requireBoolean(spec.path("hostNetwork"), "spec.hostNetwork");
    JsonNode grace = spec.path("terminationGracePeriodSeconds");
    require(
        isAbsent(grace) || grace.isIntegralNumber(),
        "spec.terminationGracePeriodSeconds",
        "a number");
    requireText(metadata.path("name"), "metadata.name");
    requireText(metadata.path("generateName"), "metadata.generateName");
    requireText(metadata.path("namespace"), "metadata.namespace");
    requireText(metadata.path("uid"), "metadata.uid");
  }

  /**
   * One container.
   *
   * @param ports numbers of its TCP and UDP ports
   * @param udp whether one of them is for UDP
   * @param runAsUser user id it asks for; -1 if it asks for none
   */
  public record Container(
      String name, String image, List<Integer> ports, boolean udp, long runAsUser) {
    public Container {
      ports = List.copyOf(ports);
    }
  }

  /**
   * Looks at a pod.
   *
   * @throws BadPodException naming the place that has the wrong shape
   */
  public static PodTree of(JsonNode pod) throws BadPodException {
    if (!(pod instanceof ObjectNode object)) {
      throw new BadPodException("the pod", "a mapping");
    }
    return new PodTree(object);
  }

  /** The tree itself; not to be changed. */
  public ObjectNode root() {
    return root;
  }

  public Map<String, String> labels() {
    return labels;
  }

  public Map<String, String> annotations() {
    return annotations;
  }

  public List<Container> initContainers() {
    return initContainers;
  }

  public List<Container> containers() {
    return containers;
  }

  /** Names of its volumes. */
  public List<String> volumes() {
    return volumes;
  }

  public boolean hostNetwork() {
    return spec.path("hostNetwork").asBoolean(false);
  }

  /** Where it says neither what it is for nor which nodes it is for, {@code linux}. */
  public String operatingSystem() {
    String selected = spec.path("nodeSelector").path(NODE_OS).asText("linux");
    return spec.path("os").path("name").asText(selected);
  }

  /** Seconds between SIGTERM and SIGKILL, at least 0. */
  public int graceSeconds() {
    JsonNode grace = spec.path("terminationGracePeriodSeconds");
    long seconds = grace.isIntegralNumber() ? grace.asLong() : DEFAULT_GRACE_SECONDS;
    return Math.clamp(seconds, 0, Integer.MAX_VALUE);
  }

  /** Empty before the API server has made one up. */
  public String name() {
    return root.path("metadata").path("name").asText("");
  }

  /** As the pod says; an admission request says it better. */
  public String namespace() {
    return root.path("metadata").path("namespace").asText("");
  }

  public String uid() {
    return root.path("metadata").path("uid").asText("");
  }

  /** Owners that are readable; others are passed over. */
  public List<OwnerReference> owners() {
    var owners = new ArrayList<OwnerReference>();
    for (JsonNode owner : root.path("metadata").path("ownerReferences")) {
      owners.add(
          new OwnerReference(
              owner.path("apiVersion").asText(""),
              owner.path("kind").asText(""),
              owner.path("name").asText(""),
              owner.path("uid").asText(""),
              owner.path("controller").asBoolean(false)));
    }
    return List.copyOf(owners);
  }

  /** Whether a list or mapping is there to be added to; a null is not. */
  public boolean has(String parent, String field) {
    JsonNode at = root.path(parent).path(field);
    return at.isObject() || at.isArray();
  }

  private List<Container> containers(String field) throws BadPodException {
    JsonNode list = spec.path(field);
    String path = "spec." + field;
    require(isAbsent(list) || list.isArray(), path, "a list");
    var found = new ArrayList<Container>();
    for (JsonNode container : list) {
      String at = path + "[" + found.size() + "]";
      require(container.isObject(), at, "a mapping");
      requireText(container.path("name"), at + ".name");
      requireText(container.path("image"), at + ".image");
      JsonNode ports = container.path("ports");
      require(isAbsent(ports) || ports.isArray(), at + ".ports", "a list");
      var numbers = new ArrayList<Integer>();
      boolean udp = false;
      for (JsonNode port : ports) {
        String portAt = at + ".ports[" + numbers.size() + "]";
        require(port.isObject(), portAt, "a mapping");
        JsonNode number = port.path("containerPort");
        require(
            number.isIntegralNumber() && number.canConvertToInt(),
            portAt + ".containerPort",
            "a port");
        numbers.add(number.intValue());
        udp |= port.path("protocol").asText("").equals("UDP");
      }
      found.add(
          new Container(
              container.path("name").asText(""),
              container.path("image").asText(""),
              numbers,
              udp,
              container.path("securityContext").path("runAsUser").asLong(podUser())));
    }
    return List.copyOf(found);
  }

  private long podUser() {
    return spec.path("securityContext").path("runAsUser").asLong(-1);
  }

  private static List<String> names(JsonNode list, String path) throws BadPodException {
    require(isAbsent(list) || list.isArray(), path, "a list");
    var names = new ArrayList<String>();
    for (JsonNode item : list) {
      String at = path + "[" + names.size() + "]";
      require(item.isObject(), at, "a mapping");
      requireText(item.path("name"), at + ".name");
      names.add(item.path("name").asText(""));
    }
    return List.copyOf(names);
  }

  private static Map<String, String> strings(JsonNode map, String path) throws BadPodException {
    require(isAbsent(map) || map.isObject(), path, "a mapping");
    var strings = new LinkedHashMap<String, String>();
    for (var entry : map.properties()) {
      // A YAML value may be missing ("key:"); Kubernetes reads that as the empty string.
      require(
          entry.getValue().isTextual() || entry.getValue().isNull(),
          path + "." + entry.getKey(),
          "text");
      strings.put(entry.getKey(), entry.getValue().isNull() ? "" : entry.getValue().textValue());
    }
    return Collections.unmodifiableMap(strings);
  }

  private static void requireText(JsonNode node, String path) throws BadPodException {
    require(isAbsent(node) || node.isTextual(), path, "text");
  }

  private static void requireBoolean(JsonNode node, String path) throws BadPodException {
    require(isAbsent(node) || node.isBoolean(), path, "true or false");
  }

  private static void require(boolean holds, String path, String wanted) throws BadPodException {
    if (!holds) {
      throw new BadPodException(path, wanted);
    }
  }

  private static boolean isAbsent(JsonNode node) {
    return node.isMissingNode() || node.isNull();
  }
}
