// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.kube.Workloads.Workload;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WorkloadsTest {
  private static final ClusterState STATE =
      ClusterState.builder()
          .add(new ReplicaSet(meta("web-abc", Map.of(), owner("Deployment", "web"))))
          .add(new ReplicaSet(meta("alone-abc", Map.of())))
          .add(new Job(meta("report-123", Map.of(), owner("CronJob", "report"))))
          .add(new Job(meta("once", Map.of())))
          .build();

  static Stream<Arguments> pods() {
    Map<String, String> hash = Map.of(Workloads.TEMPLATE_HASH_LABEL, "abc");
    return Stream.of(
        Arguments.of("Deployment", "web", Map.of(), owner("ReplicaSet", "web-abc")),
        // The state is the authority: this ReplicaSet is known and stands alone.
        Arguments.of("ReplicaSet", "alone-abc", hash, owner("ReplicaSet", "alone-abc")),
        Arguments.of("Deployment", "new", hash, owner("ReplicaSet", "new-abc")),
        Arguments.of("ReplicaSet", "new-abd", hash, owner("ReplicaSet", "new-abd")),
        Arguments.of("ReplicaSet", "-abc", hash, owner("ReplicaSet", "-abc")),
        Arguments.of("ReplicaSet", "new-abc", Map.of(), owner("ReplicaSet", "new-abc")),
        Arguments.of("CronJob", "report", Map.of(), owner("Job", "report-123")),
        Arguments.of("Job", "once", Map.of(), owner("Job", "once")),
        Arguments.of("Job", "unknown-1", Map.of(), owner("Job", "unknown-1")),
        Arguments.of("StatefulSet", "db", hash, owner("StatefulSet", "db")),
        Arguments.of("DaemonSet", "agent", Map.of(), owner("DaemonSet", "agent")),
        Arguments.of("Rollout", "canary", Map.of(), owner("Rollout", "canary")));
  }

  @ParameterizedTest
  @MethodSource("pods")
  void theEndOfTheChainIsTheWorkload(
      String kind, String name, Map<String, String> labels, OwnerReference owner) {
    var pod = new Pod(meta("p", labels, owner), null, null);

    assertThat(Workloads.ownerOf(pod, STATE)).isEqualTo(new Workload("shop", kind, name));
  }

  @Test
  void aPodNobodyControlsIsItsOwnWorkload() {
    var admirer = new OwnerReference("v1", "Node", "n1", "u", false);
    var nameless = new OwnerReference("v1", "ReplicaSet", "", "u", true);

    for (List<OwnerReference> owners :
        List.of(List.<OwnerReference>of(), List.of(admirer), List.of(nameless))) {
      var pod = new Pod(meta("p", Map.of(), owners.toArray(OwnerReference[]::new)), null, null);
      assertThat(Workloads.ownerOf(pod, STATE)).isEqualTo(new Workload("shop", "Pod", "p"));
    }
  }

  private static OwnerReference owner(String kind, String name) {
    return new OwnerReference("v1", kind, name, "uid", true);
  }

  private static ObjectMeta meta(
      String name, Map<String, String> labels, OwnerReference... owners) {
    return new ObjectMeta(name, "shop", labels, null, null, null, 0, null, null, List.of(owners));
  }
}
