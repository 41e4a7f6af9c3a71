// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.controlplane.app.ReplicaPods.Found;
import io.selvage.controlplane.fixture.Cluster;
import io.selvage.controlplane.fixture.Cluster.PodMaker;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReplicaPodsTest {
  private final ReplicaPods replicas = new ReplicaPods(Cluster.NAMESPACE);
  private final Cluster cluster = new Cluster(replicas::onChange);

  private static PodMaker replica(String name, String... addresses) {
    return Cluster.pod(Cluster.NAMESPACE, name, addresses)
        .account(ControlPlaneOptions.SERVICE_ACCOUNT);
  }

  @Test
  void nothingIsKnownBeforeTheObjectsWereRead() {
    assertThat(replicas.found()).isEmpty();
    assertThat(replicas.names()).isEmpty();

    cluster.put(Cluster.node("n1", "z1"));

    assertThat(replicas.found()).contains(new Found(Map.of(), Set.of()));
    assertThat(replicas.names()).contains(Set.of());
  }

  @Test
  void countsPodsOfOurAccountThatHaveAnAddressAndRun() {
    cluster.put(
        replica("a", "10.0.0.1", "fd00::1").ready().make(),
        replica("b", "10.0.0.2").make(),
        replica("c", "10.0.0.3").ready().terminating().make(),
        replica("without-address").ready().make(),
        replica("ended", "10.0.0.4").ready().phase("Failed").make(),
        Cluster.pod(Cluster.NAMESPACE, "gateway", "10.0.0.5").ready().make(),
        Cluster.pod("shop", "stranger", "10.0.0.6")
            .account(ControlPlaneOptions.SERVICE_ACCOUNT)
            .ready()
            .make());

    assertThat(replicas.found())
        .contains(
            new Found(Map.of("a", "10.0.0.1", "b", "10.0.0.2", "c", "10.0.0.3"), Set.of("a")));
    assertThat(replicas.names()).contains(Set.of("a", "b", "c"));
  }

  @Test
  void followsPodsThatComeChangeAndGo() {
    cluster.put(replica("a", "10.0.0.1").ready().make());
    cluster.put(replica("b", "10.0.0.2").make());
    assertThat(replicas.names()).contains(Set.of("a", "b"));

    cluster.put(replica("b", "10.0.0.2").ready().make());
    assertThat(replicas.found().orElseThrow().serving()).containsExactlyInAnyOrder("a", "b");

    cluster.remove(replica("a").make());
    assertThat(replicas.names()).contains(Set.of("b"));
  }

  @Test
  void looksAgainOnlyWhenAPodOfItsNamespaceHasChanged() {
    cluster.put(replica("a", "10.0.0.1").ready().make());
    Found before = replicas.found().orElseThrow();

    cluster.put(Cluster.pod("shop", "web", "10.0.0.9").make());
    cluster.put(Cluster.service("shop", "web", "10.96.0.1").port("http", 80).make());
    cluster.put(Cluster.slice("shop", "web", "w").port("http", 80).ready("10.0.0.9", null).make());
    assertThat(replicas.found().orElseThrow()).isSameAs(before);

    cluster.put(replica("b", "10.0.0.2").make());
    assertThat(replicas.found().orElseThrow()).isNotSameAs(before);
  }
}
