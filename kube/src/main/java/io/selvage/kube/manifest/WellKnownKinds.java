// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import java.util.Map;
import java.util.Set;

/**
 * Kinds of Kubernetes that stand in most folders of manifests and say nothing to a gateway. Any
 * other kind is worth a warning: a misspelt {@code Ingres} looks just like a kind Selvage does not
 * know.
 */
final class WellKnownKinds {
  private static final Map<String, Set<String>> BY_GROUP =
      Map.ofEntries(
          Map.entry(
              "",
              Set.of(
                  "Binding",
                  "ConfigMap",
                  "Event",
                  "LimitRange",
                  "Namespace",
                  "Node",
                  "PersistentVolume",
                  "PersistentVolumeClaim",
                  "Pod",
                  "PodTemplate",
                  "ReplicationController",
                  "ResourceQuota",
                  "ServiceAccount")),
          Map.entry(
              "apps",
              Set.of("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")),
          Map.entry("batch", Set.of("CronJob", "Job")),
          Map.entry("autoscaling", Set.of("HorizontalPodAutoscaler")),
          Map.entry("policy", Set.of("PodDisruptionBudget")),
          Map.entry(
              "rbac.authorization.k8s.io",
              Set.of("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")),
          Map.entry("networking.k8s.io", Set.of("IPAddress", "NetworkPolicy", "ServiceCIDR")),
          Map.entry(
              "storage.k8s.io", Set.of("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment")),
          Map.entry("apiextensions.k8s.io", Set.of("CustomResourceDefinition")),
          Map.entry(
              "admissionregistration.k8s.io",
              Set.of(
                  "MutatingWebhookConfiguration",
                  "ValidatingAdmissionPolicy",
                  "ValidatingAdmissionPolicyBinding",
                  "ValidatingWebhookConfiguration")),
          Map.entry("apiregistration.k8s.io", Set.of("APIService")),
          Map.entry("coordination.k8s.io", Set.of("Lease")),
          Map.entry("events.k8s.io", Set.of("Event")),
          Map.entry("scheduling.k8s.io", Set.of("PriorityClass")),
          Map.entry("node.k8s.io", Set.of("RuntimeClass")),
          Map.entry("certificates.k8s.io", Set.of("CertificateSigningRequest")));

  private WellKnownKinds() {}

  static boolean contains(String apiVersion, String kind) {
    int slash = apiVersion.indexOf('/');
    String group = slash < 0 ? "" : apiVersion.substring(0, slash);
    return BY_GROUP.getOrDefault(group, Set.of()).contains(kind);
  }
}
