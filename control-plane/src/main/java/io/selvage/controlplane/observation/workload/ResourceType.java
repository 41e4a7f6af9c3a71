// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What traffic can be asked for by, with the names that kubectl knows it under. */
public enum ResourceType {
  CRONJOB("cronjob", "cj", "CronJob"),
  DAEMONSET("daemonset", "ds", "DaemonSet"),
  DEPLOYMENT("deployment", "deploy", "Deployment"),
  JOB("job", "job", "Job"),
  NAMESPACE("namespace", "ns", "Namespace"),
  POD("pod", "po", "Pod"),
  REPLICASET("replicaset", "rs", "ReplicaSet"),
  REPLICATIONCONTROLLER("replicationcontroller", "rc", "ReplicationController"),
  SERVICE("service", "svc", "Service"),
  SERVICEACCOUNT("serviceaccount", "sa", "ServiceAccount"),
  STATEFULSET("statefulset", "sts", "StatefulSet");

  /** What {@code all} stands for, in the order of the tables. */
  public static final List<ResourceType> ALL =
      List.of(
          DAEMONSET,
          STATEFULSET,
          JOB,
          DEPLOYMENT,
          REPLICATIONCONTROLLER,
          POD,
          SERVICE,
          CRONJOB,
          REPLICASET);

  private final String longName;
  private final String shortName;
  private final String kind;

  ResourceType(String longName, String shortName, String kind) {
    this.longName = longName;
    this.shortName = shortName;
    this.kind = kind;
  }

  /** Such as {@code deployment}. */
  public String longName() {
    return longName;
  }

  /** Such as {@code deploy}. */
  public String shortName() {
    return shortName;
  }

  /** The type of a kind as it stands in manifests. */
  static Optional<ResourceType> ofKind(String kind) {
    return Arrays.stream(values()).filter(type -> type.kind.equals(kind)).findFirst();
  }

  /**
   * The type a person means: singular, plural or short, in any case.
   *
   * @throws IllegalArgumentException with a text for people, if there is none
   */
  public static ResourceType parse(String text) {
    return Arrays.stream(values())
        .filter(type -> type.isCalled(text))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "Resource type is not supported: "
                    + Printable.text(text)
                    + " (supported are "
                    + Arrays.stream(values())
                        .map(ResourceType::longName)
                        .collect(Collectors.joining(", "))
                    + ")"));
  }

  private boolean isCalled(String text) {
    String name = text.toLowerCase(Locale.ROOT);
    return name.equals(longName) || name.equals(longName + "s") || name.equals(shortName);
  }
}
