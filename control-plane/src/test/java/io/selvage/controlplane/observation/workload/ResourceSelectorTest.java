// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResourceSelectorTest {
  @ParameterizedTest
  @CsvSource({
    "deploy, DEPLOYMENT",
    "deployment, DEPLOYMENT",
    "Deployments, DEPLOYMENT",
    "po, POD",
    "pods, POD",
    "ns, NAMESPACE",
    "svc, SERVICE",
    "services, SERVICE",
    "sts, STATEFULSET",
    "ds, DAEMONSET",
    "job, JOB",
    "jobs, JOB",
    "cj, CRONJOB",
    "rs, REPLICASET",
    "rc, REPLICATIONCONTROLLER",
    "sa, SERVICEACCOUNT",
    "SA, SERVICEACCOUNT"
  })
  void typesHaveManyNames(String name, ResourceType type) {
    assertThat(ResourceType.parse(name)).isEqualTo(type);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "deploy ", "authority", "node", "podss", "deploy\nx", "ſa"})
  void whatIsNoTypeIsNamed(String name) {
    assertThatThrownBy(() -> ResourceType.parse(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Resource type is not supported: ")
        .hasMessageContaining("deployment")
        .message()
        .doesNotContain("\n");
  }

  @Test
  void wordsAreReadAsKubectlReadsThem() {
    assertThat(words("deploy")).containsExactly("deployment");
    assertThat(words("deploy,po")).containsExactly("deployment", "pod");
    assertThat(words("deploy", "web", "emoji"))
        .containsExactly("deployment/web", "deployment/emoji");
    assertThat(words("deploy/web", "po/x")).containsExactly("deployment/web", "pod/x");
    assertThat(words("all"))
        .containsExactly(
            "daemonset",
            "statefulset",
            "job",
            "deployment",
            "replicationcontroller",
            "pod",
            "service",
            "cronjob",
            "replicaset");
    assertThat(words("po,all")).startsWith("pod", "daemonset").doesNotHaveDuplicates();
  }

  @Test
  void mixturesAndBadNamesAreRefused() {
    assertThatThrownBy(() -> words("deploy/web", "emoji")).hasMessageContaining("emoji");
    assertThatThrownBy(() -> words("deploy,po", "web")).hasMessageContaining("several types");
    assertThatThrownBy(() -> words()).hasMessageContaining("no resource type");
    for (String name : List.of("", "Web", "a/b", "a b", "-a", "a".repeat(254), "a\"}")) {
      assertThatThrownBy(() -> ResourceSelector.parse("deploy/" + name))
          .as(name)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not the name of a Kubernetes object");
    }
    assertThat(ResourceSelector.parse("deploy/" + "a".repeat(253)).name()).isPresent();
  }

  private static List<String> words(String... words) {
    return ResourceSelector.parseWords(List.of(words)).stream()
        .map(ResourceSelector::toString)
        .toList();
  }
}
