// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import io.selvage.model.kube.Kind;
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
          "metadata.ownerReferences",
          "metadata.generateName",
          "metadata.selfLink",
          "metadata.deletionTimestamp",
          "metadata.deletionGracePeriodSeconds",
          "metadata.clusterName");

  private static final Set<String> COMMON = EVERYWHERE.collect(Collectors.toUnmodifiableSet());

  private static final Map<String, Set<String>> BY_KIND =
      Map.of(
          "Service",
          Set.of(
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
          "IngressClass",
          Set.of("spec.parameters"),
          "EndpointSlice",
          Set.of(
              "endpoints[].deprecatedTopology",
              "endpoints[].hints",
              "endpoints[].targetRef.apiVersion",
              "endpoints[].targetRef.fieldPath",
              "endpoints[].targetRef.resourceVersion",
              "endpoints[].targetRef.uid"),
          "Endpoints",
          Set.of(
              "subsets[].addresses[].targetRef.apiVersion",
              "subsets[].addresses[].targetRef.fieldPath",
              "subsets[].addresses[].targetRef.resourceVersion",
              "subsets[].addresses[].targetRef.uid",
              "subsets[].notReadyAddresses[].targetRef.apiVersion",
              "subsets[].notReadyAddresses[].targetRef.fieldPath",
              "subsets[].notReadyAddresses[].targetRef.resourceVersion",
              "subsets[].notReadyAddresses[].targetRef.uid"),
          "Secret",
          Set.of("immutable"));

  private final Set<String> ofKind;

  private LegalFields(Set<String> ofKind) {
    this.ofKind = ofKind;
  }

  static LegalFields of(Kind<?> kind) {
    return new LegalFields(BY_KIND.getOrDefault(kind.name(), Set.of()));
  }

  /** The walk stops at the first unknown field, so a listed path stands for all below it. */
  boolean contains(String path) {
    return COMMON.contains(path) || ofKind.contains(path);
  }
}
