// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import io.selvage.model.kube.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Fields of the Kubernetes API (1.36) that are legal but not read here, so that only what nobody
 * knows is reported. Paths stand as {@code spec.rules[].host}; all below a listed path is legal
 * too.
 */
final class LegalFields {
  private static final Stream<String> EVERYWHERE =
      Stream.of(
          "apiVersion",
          "kind",
          "status",
          "metadata.managedFields",
          "metadata.finalizers",
          "metadata.ownerReferences[].blockOwnerDeletion",
          "metadata.generateName",
          "metadata.selfLink",
          "metadata.deletionGracePeriodSeconds",
          "metadata.clusterName");

  private static final Set<String> COMMON = EVERYWHERE.collect(Collectors.toUnmodifiableSet());

  private static final List<String> POD_SPEC =
      List.of(
          "activeDeadlineSeconds",
          "affinity",
          "automountServiceAccountToken",
          "dnsConfig",
          "dnsPolicy",
          "enableServiceLinks",
          "ephemeralContainers",
          "hostAliases",
          "hostIPC",
          "hostPID",
          "hostUsers",
          "hostnameOverride",
          "imagePullSecrets",
          "nodeSelector",
          "os",
          "overhead",
          "preemptionPolicy",
          "priority",
          "priorityClassName",
          "readinessGates",
          "resourceClaims",
          "resources",
          "restartPolicy",
          "runtimeClassName",
          "schedulerName",
          "schedulingGates",
          "securityContext",
          "serviceAccount",
          "setHostnameAsFQDN",
          "shareProcessNamespace",
          "terminationGracePeriodSeconds",
          "tolerations",
          "topologySpreadConstraints",
          "volumes",
          "workloadRef");

  private static final List<String> CONTAINER =
      List.of(
          "args",
          "command",
          "env",
          "envFrom",
          "imagePullPolicy",
          "lifecycle",
          "resizePolicy",
          "resources",
          "restartPolicyRules",
          "securityContext",
          "stdin",
          "stdinOnce",
          "terminationMessagePath",
          "terminationMessagePolicy",
          "tty",
          "volumeDevices",
          "volumeMounts",
          "ports[].hostIP",
          "ports[].hostPort");

  private static final List<String> PROBE =
      List.of(
          "exec",
          "terminationGracePeriodSeconds",
          "failureThreshold",
          "initialDelaySeconds",
          "periodSeconds",
          "successThreshold",
          "timeoutSeconds",
          "httpGet.host",
          "httpGet.httpHeaders",
          "tcpSocket.host",
          "grpc.service");

  private static final Map<String, Set<String>> BY_KIND =
      Map.ofEntries(
          entry(
              "Service",
              "spec.allocateLoadBalancerNodePorts",
              "spec.externalIPs",
              "spec.externalTrafficPolicy",
              "spec.healthCheckNodePort",
              "spec.internalTrafficPolicy",
              "spec.ipFamilies",
              "spec.ipFamilyPolicy",
              "spec.loadBalancerClass",
              "spec.loadBalancerIP",
              "spec.loadBalancerSourceRanges",
              "spec.publishNotReadyAddresses",
              "spec.sessionAffinity",
              "spec.sessionAffinityConfig",
              "spec.topologyKeys",
              "spec.trafficDistribution"),
          entry("IngressClass", "spec.parameters"),
          entry(
              "EndpointSlice",
              "endpoints[].deprecatedTopology",
              "endpoints[].hints",
              "endpoints[].targetRef.apiVersion",
              "endpoints[].targetRef.fieldPath",
              "endpoints[].targetRef.resourceVersion",
              "endpoints[].targetRef.uid"),
          entry(
              "Endpoints",
              "subsets[].addresses[].targetRef.apiVersion",
              "subsets[].addresses[].targetRef.fieldPath",
              "subsets[].addresses[].targetRef.resourceVersion",
              "subsets[].addresses[].targetRef.uid",
              "subsets[].notReadyAddresses[].targetRef.apiVersion",
              "subsets[].notReadyAddresses[].targetRef.fieldPath",
              "subsets[].notReadyAddresses[].targetRef.resourceVersion",
              "subsets[].notReadyAddresses[].targetRef.uid"),
          entry("Secret", "immutable"),
          entry("Namespace", "spec"),
          entry("Node", "spec"),
          entry("ReplicaSet", "spec"),
          entry("Job", "spec"),
          entry("ServiceAccount", "automountServiceAccountToken", "imagePullSecrets", "secrets"),
          entry("ConfigMap", "binaryData", "immutable"),
          Map.entry("Pod", podFields()));

  private final Set<String> ofKind;

  private LegalFields(Set<String> ofKind) {
    this.ofKind = ofKind;
  }

  private static Map.Entry<String, Set<String>> entry(String kind, String... fields) {
    return Map.entry(kind, Set.of(fields));
  }

  private static Set<String> podFields() {
    var fields = new HashSet<String>();
    POD_SPEC.forEach(field -> fields.add("spec." + field));
    for (String containers : List.of("spec.containers[].", "spec.initContainers[].")) {
      CONTAINER.forEach(field -> fields.add(containers + field));
      for (String probe : List.of("livenessProbe.", "readinessProbe.", "startupProbe.")) {
        PROBE.forEach(field -> fields.add(containers + probe + field));
      }
    }
    return Set.copyOf(fields);
  }

  static LegalFields of(Kind<?> kind) {
    return new LegalFields(BY_KIND.getOrDefault(kind.name(), Set.of()));
  }

  /** The walk stops at the first unknown field, so a listed path stands for all below it. */
  boolean contains(String path) {
    return COMMON.contains(path) || ofKind.contains(path);
  }
}
