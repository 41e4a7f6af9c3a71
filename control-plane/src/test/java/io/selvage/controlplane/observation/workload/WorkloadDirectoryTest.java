// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.controlplane.link.IpLiteral;
import io.selvage.controlplane.observation.MeshWorld;
import io.selvage.model.kube.Job;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WorkloadDirectoryTest {
  private static final String IP = "10.0.0.1";

  private final MeshWorld world = new MeshWorld();
  private final WorkloadDirectory directory = world.directory;

  @Test
  void aPodIsCalledByWhatItIsPartOf() {
    world.deploymentPod("web", "1", IP).sync();
    Party party = directory.peer(IP, world.now, Optional.empty());
    assertThat(directory.nameOf(party, ResourceType.POD)).contains("web-5d9-1");
    assertThat(directory.nameOf(party, ResourceType.DEPLOYMENT)).contains("web");
    assertThat(directory.nameOf(party, ResourceType.REPLICASET)).contains("web-5d9");
    assertThat(directory.nameOf(party, ResourceType.NAMESPACE)).contains("default");
    assertThat(directory.nameOf(party, ResourceType.SERVICEACCOUNT)).contains("web");
    assertThat(directory.nameOf(party, ResourceType.STATEFULSET)).isEmpty();
    assertThat(directory.nameOf(party, ResourceType.SERVICE)).isEmpty();
    assertThat(party.namespace()).isEqualTo("default");
  }

  @Test
  void ownersAreFoundThroughWhatStandsBetween() {
    world
        .put(
            new Job(
                new ObjectMeta(
                    "backup-1",
                    "default",
                    Map.of(),
                    null,
                    "",
                    null,
                    0,
                    null,
                    null,
                    MeshWorld.owner("CronJob", "backup"))))
        .pod("backup-1-x", "backup", "10.0.0.2", MeshWorld.owner("Job", "backup-1"))
        .pod("db-0", "db", "10.0.0.3", MeshWorld.owner("StatefulSet", "db"))
        .pod("log-x", "log", "10.0.0.4", MeshWorld.owner("DaemonSet", "log"))
        .pod("old-x", "old", "10.0.0.5", MeshWorld.owner("ReplicationController", "old"))
        .pod("bare", "bare", "10.0.0.6", List.of())
        .pod("odd-x", "odd", "10.0.0.7", MeshWorld.owner("Rollout", "odd"))
        .sync();
    assertThat(name("10.0.0.2", ResourceType.JOB)).contains("backup-1");
    assertThat(name("10.0.0.2", ResourceType.CRONJOB)).contains("backup");
    assertThat(name("10.0.0.3", ResourceType.STATEFULSET)).contains("db");
    assertThat(name("10.0.0.4", ResourceType.DAEMONSET)).contains("log");
    assertThat(name("10.0.0.5", ResourceType.REPLICATIONCONTROLLER)).contains("old");
    assertThat(name("10.0.0.6", ResourceType.POD)).contains("bare");
    assertThat(name("10.0.0.6", ResourceType.DEPLOYMENT)).isEmpty();
    assertThat(name("10.0.0.7", ResourceType.DEPLOYMENT)).isEmpty();
  }

  @Test
  void anOwnerLearntLaterIsTakenOver() {
    world.pod("backup-1-x", "backup", IP, MeshWorld.owner("Job", "backup-1")).sync();
    assertThat(name(IP, ResourceType.CRONJOB)).isEmpty();
    world
        .put(
            new Job(
                new ObjectMeta(
                    "backup-1",
                    "default",
                    Map.of(),
                    null,
                    "",
                    null,
                    0,
                    null,
                    null,
                    MeshWorld.owner("CronJob", "backup"))))
        .sync();
    assertThat(name(IP, ResourceType.CRONJOB)).contains("backup");
  }

  @Test
  void anAddressBelongsToEachPodInItsTime() {
    world.deploymentPod("web", "1", IP).sync();
    long web = world.now;
    world.now += 100_000;
    world.remove("Pod", "web-5d9-1").sync();
    long nobody = world.now + 20_000;
    world.now += 50_000;
    world.deploymentPod("emoji", "1", IP).sync();
    long emoji = world.now + 1;

    assertThat(podAt(web)).contains("web-5d9-1");
    assertThat(podAt(nobody)).as("the one that left it last").contains("web-5d9-1");
    assertThat(podAt(emoji)).contains("emoji-5d9-1");
  }

  @Test
  void anAddressThatPassesOnInOneUpdateIsTheNewOnes() {
    world.deploymentPod("web", "1", IP).sync();
    world.now += 100_000;
    world.remove("Pod", "web-5d9-1").deploymentPod("emoji", "1", IP).sync();
    assertThat(podAt(world.now)).contains("emoji-5d9-1");
    assertThat(podAt(world.now - 1)).contains("web-5d9-1");
  }

  @Test
  void aPodOfTheSameNameWithAnotherUidIsAnother() {
    world.pod("db-0", "u1", "db", IP, "Running", List.of(), true, false).sync();
    PodKey first = directory.podAt(IP, world.now, Optional.empty()).orElseThrow().key();
    world.now += 10_000;
    world.pod("db-0", "u2", "db", "10.0.0.9", "Running", List.of(), true, false).sync();
    assertThat(directory.isLive(first)).isFalse();
    assertThat(directory.pod(first)).isPresent();
    assertThat(directory.pod(new PodRef("default", "db-0")).orElseThrow().key().uid())
        .isEqualTo("u2");
  }

  @Test
  void aProvenIdentityDecidesAmongThoseThatHadTheAddress() {
    world.deploymentPod("web", "1", IP).sync();
    world.now += 100_000;
    world.remove("Pod", "web-5d9-1").deploymentPod("emoji", "1", IP).sync();
    assertThat(directory.podAt(IP, world.now, Optional.of(MeshWorld.identity("web"))))
        .map(info -> info.key().name())
        .contains("web-5d9-1");
    assertThat(directory.podAt(IP, world.now, Optional.of(MeshWorld.identity("other")))).isEmpty();
  }

  @Test
  void whatIsGoneIsForgottenAfterTenMinutes() {
    world.deploymentPod("web", "1", IP).sync();
    world.now += 1;
    world.remove("Pod", "web-5d9-1").sync();
    long gone = world.now;
    world.now = gone + WorkloadDirectory.KEEP_MILLIS - 1;
    directory.expire(world.now);
    assertThat(podAt(world.now)).contains("web-5d9-1");
    assertThat(directory.pod(new PodRef("default", "web-5d9-1"))).isPresent();
    world.now++;
    directory.expire(world.now);
    assertThat(podAt(world.now)).isEmpty();
    assertThat(directory.pod(new PodRef("default", "web-5d9-1"))).isEmpty();
  }

  @Test
  void aPodThatComesBackIsLive() {
    world.deploymentPod("web", "1", IP).sync();
    world.now += 10;
    world.remove("Pod", "web-5d9-1").sync();
    world.now += 10;
    world.deploymentPod("web", "1", IP).sync();
    directory.expire(world.now + WorkloadDirectory.KEEP_MILLIS * 2);
    assertThat(podAt(world.now)).contains("web-5d9-1");
  }

  @Test
  void addressesOfNodesAndOfFinishedPodsAreNobodys() {
    world
        .pod("host", "u1", "host", "10.0.0.8", "Running", List.of(), true, true)
        .pod("done", "u2", "done", "10.0.0.9", "Succeeded", List.of(), true, false)
        .sync();
    assertThat(directory.podAt("10.0.0.8", world.now, Optional.empty())).isEmpty();
    assertThat(directory.podAt("10.0.0.9", world.now, Optional.empty())).isEmpty();
  }

  @Test
  void aPodThatFinishesLeavesItsAddressToTheNext() {
    world.pod("job-1", "u1", "job", IP, "Running", List.of(), true, false).sync();
    world.now += 1_000;
    world.pod("job-1", "u1", "job", IP, "Succeeded", List.of(), true, false).sync();
    assertThat(podAt(world.now)).as("it was the last there").contains("job-1");
    world.now += 1_000;
    world.deploymentPod("web", "1", IP).sync();
    assertThat(podAt(world.now)).contains("web-5d9-1");
  }

  @Test
  void addressesCompareInWhateverNotation() {
    world.pod("six", "six", "FD00:0:0::0A", List.of()).sync();
    String canonical = IpLiteral.canonical("fd00::a").orElseThrow();
    assertThat(directory.podAt(canonical, world.now, Optional.empty())).isPresent();
    assertThat(IpLiteral.canonical("::ffff:10.0.0.1")).contains(IP);
    for (String none : List.of("", "web", "10.0.0", "10.0.0.1 ", "fe80::1%eth0", "1".repeat(46))) {
      assertThat(IpLiteral.canonical(none)).as(none).isEmpty();
    }
  }

  @Test
  void anIdentityWithoutAnAddressOfItsOwnIsCalledByWhatItsPodsHaveInCommon() {
    world.deploymentPod("web", "1", IP).deploymentPod("web", "2", "10.0.0.2").sync();
    Party shared = directory.peer("127.0.0.1", world.now, Optional.of(MeshWorld.identity("web")));
    assertThat(shared.pod()).isEmpty();
    assertThat(directory.nameOf(shared, ResourceType.DEPLOYMENT)).contains("web");
    assertThat(directory.nameOf(shared, ResourceType.SERVICEACCOUNT)).contains("web");
    assertThat(directory.nameOf(shared, ResourceType.POD)).isEmpty();

    world.remove("Pod", "web-5d9-2").sync();
    Party only = directory.peer("127.0.0.1", world.now, Optional.of(MeshWorld.identity("web")));
    assertThat(directory.nameOf(only, ResourceType.POD)).contains("web-5d9-1");
  }

  @Test
  void aProxyCannotTakeThePodOfAnotherIdentity() {
    world.deploymentPod("web", "1", IP).sync();
    Party liar =
        directory.proxy(
            new PodRef("default", "web-5d9-1"),
            new WorkloadIdentity("cluster.local", "default", "evil"),
            ProxyKind.SIDECAR,
            Optional.empty());
    assertThat(liar.pod()).isEmpty();
    assertThat(directory.nameOf(liar, ResourceType.DEPLOYMENT)).isEmpty();
    assertThat(directory.nameOf(liar, ResourceType.SERVICEACCOUNT)).contains("evil");
  }

  @Test
  void aGatewayAlwaysHasAName() {
    Party gateway =
        directory.proxy(
            new PodRef("default", "edge-1"),
            MeshWorld.identity("gateway"),
            ProxyKind.GATEWAY,
            Optional.empty());
    assertThat(directory.nameOf(gateway, ResourceType.DEPLOYMENT)).contains("edge-1");
    assertThat(directory.nameOf(gateway, ResourceType.POD)).contains("edge-1");
  }

  @Test
  void whatIsOutsideIsCalledSo() {
    Party outside = directory.peer("192.0.2.1", world.now, Optional.empty());
    assertThat(directory.nameOf(outside, ResourceType.POD)).contains("192.0.2.1");
    assertThat(directory.nameOf(outside, ResourceType.DEPLOYMENT))
        .contains(WorkloadDirectory.OUTSIDE);
    assertThat(outside.namespace()).isEmpty();
    Party other = directory.peer("0.0.0.0", world.now, Optional.empty());
    assertThat(directory.nameOf(other, ResourceType.POD)).contains(WorkloadDirectory.OTHER);
  }

  private Optional<String> podAt(long at) {
    return directory.podAt(IP, at, Optional.empty()).map(info -> info.key().name());
  }

  private Optional<String> name(String address, ResourceType type) {
    return directory.nameOf(directory.peer(address, world.now, Optional.empty()), type);
  }
}
