// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.manifest;

import java.util.Map;

/** Where a kind keeps its pods. */
final class ManifestKinds {
  private static final String TEMPLATE = "/spec/template";

  /** Pointer to what has a pod's metadata and spec; the object itself for a pod. */
  private static final Map<String, String> TEMPLATES =
      Map.of(
          "Pod", "",
          "Deployment", TEMPLATE,
          "ReplicaSet", TEMPLATE,
          "ReplicationController", TEMPLATE,
          "StatefulSet", TEMPLATE,
          "DaemonSet", TEMPLATE,
          "Job", TEMPLATE,
          "CronJob", "/spec/jobTemplate/spec/template");

  private ManifestKinds() {}

  static boolean hasPods(String kind) {
    return TEMPLATES.containsKey(kind);
  }

  static String template(String kind) {
    return TEMPLATES.getOrDefault(kind, "");
  }

  /** Kinds whose own annotations say something to the mesh. */
  static boolean isAnnotated(String kind) {
    return kind.equals("Namespace") || kind.equals("Service");
  }
}
