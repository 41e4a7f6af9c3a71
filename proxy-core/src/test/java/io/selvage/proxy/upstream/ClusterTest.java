// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.ClusterSpec.FailureAccrualSpec;
import io.selvage.model.routing.ClusterSpec.LoadBalancerPolicy;
import io.selvage.model.routing.EndpointSet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ClusterTest {
  private static final FailureAccrualSpec ACCRUAL = FailureAccrualSpec.DEFAULT;

  @Test
  void keepsIdentityAndStateOfEndpointsThatStay() {
    Clusters clusters = Clusters.of(LoadBalancerPolicy.ROUND_ROBIN, 3);
    List<Endpoint> before = clusters.cluster.endpoints();
    before.get(1).onStart();
    List<Endpoint> removed = new ArrayList<>();
    clusters.cluster.onRemoval(removed::add);

    clusters.cluster.updateEndpoints(
        Clusters.set(List.of(Clusters.endpoint(2), Clusters.endpoint(4))));

    List<Endpoint> after = clusters.cluster.endpoints();
    assertThat(after).hasSize(2);
    assertThat(after.get(0)).isSameAs(before.get(1));
    assertThat(after.get(0).active()).isEqualTo(1);
    assertThat(removed).containsExactlyInAnyOrder(before.get(0), before.get(2));
    assertThat(removed).allMatch(Endpoint::isRemoved);
  }

  @Test
  void anAddressUnderAnotherIdentityIsAnotherEndpoint() {
    Clusters clusters = Clusters.of(LoadBalancerPolicy.ROUND_ROBIN, 2);
    List<Endpoint> before = clusters.cluster.endpoints();
    List<Endpoint> removed = new ArrayList<>();
    clusters.cluster.onRemoval(removed::add);
    String identity = "spiffe://cluster.local/ns/shop/sa/web";

    clusters.cluster.updateEndpoints(
        Clusters.set(List.of(Clusters.endpoint(1).withIdentity(identity), Clusters.endpoint(2))));

    List<Endpoint> after = clusters.cluster.endpoints();
    assertThat(removed).containsExactly(before.get(0));
    assertThat(after.get(0)).isNotSameAs(before.get(0));
    assertThat(after.get(0).isRemoved()).isFalse();
    assertThat(after.get(1)).isSameAs(before.get(1));
  }

  @Test
  void countsAnAddressListedTwiceOnce() {
    Clusters clusters = Clusters.of(LoadBalancerPolicy.ROUND_ROBIN, 0);

    clusters.cluster.updateEndpoints(
        Clusters.set(List.of(Clusters.endpoint(1), Clusters.endpoint(2), Clusters.endpoint(1))));

    assertThat(clusters.cluster.endpoints()).hasSize(2);
  }

  @Test
  void usesDrainingEndpointsOnlyWhenNothingElseIsThere() {
    var draining = new EndpointSet.Endpoint("10.9.9.9", 80, "", "", true);
    Clusters clusters = Clusters.of(LoadBalancerPolicy.ROUND_ROBIN, 0);

    clusters.cluster.updateEndpoints(Clusters.set(List.of(draining, Clusters.endpoint(1))));
    for (int i = 0; i < 10; i++) {
      assertThat(clusters.pick().spec().draining()).isFalse();
    }
    clusters.cluster.updateEndpoints(Clusters.set(List.of(draining)));
    assertThat(clusters.pick().spec()).isEqualTo(draining);
  }

  @Test
  void knowsAnIpv6Endpoint() {
    Clusters clusters = Clusters.of(LoadBalancerPolicy.ROUND_ROBIN, 0);
    clusters.cluster.updateEndpoints(
        Clusters.set(List.of(EndpointSet.Endpoint.of("2001:db8::1", 8080))));

    assertThat(clusters.pick()).hasToString("[2001:db8::1]:8080");
    assertThat(clusters.pick().socketAddress().getPort()).isEqualTo(8080);
  }

  @Test
  void ejectsAfterTheFifthFailureInARow() {
    Clusters clusters = accruing(4);
    Endpoint bad = clusters.cluster.endpoints().get(0);

    Clusters.fail(bad, 4);
    assertThat(clusters.cluster.availableCount()).isEqualTo(4);
    Clusters.fail(bad, 1);

    assertThat(clusters.cluster.availableCount()).isEqualTo(3);
    assertThat(clusters.cluster.ejectionCount()).isEqualTo(1);
    assertThat(picks(clusters, 20)).doesNotContain(bad);
  }

  @Test
  void aSuccessInBetweenStartsTheCountAgain() {
    Clusters clusters = accruing(4);
    Endpoint shaky = clusters.cluster.endpoints().get(0);

    for (int i = 0; i < 10; i++) {
      Clusters.fail(shaky, 4);
      shaky.onResult(1, i % 2 == 0 ? Endpoint.Result.SUCCESS : Endpoint.Result.THROTTLED);
    }

    assertThat(clusters.cluster.availableCount()).isEqualTo(4);
  }

  @Test
  void aRequestGivenUpSaysNothing() {
    Clusters clusters = accruing(4);
    Endpoint bad = clusters.cluster.endpoints().get(0);
    Clusters.fail(bad, 4);
    bad.onResult(1, Endpoint.Result.CANCELLED);
    assertThat(clusters.cluster.availableCount()).isEqualTo(4);
    Clusters.fail(bad, 1);
    assertThat(clusters.cluster.availableCount()).isEqualTo(3);
  }

  @ParameterizedTest
  @EnumSource(
      value = Endpoint.Result.class,
      names = {"SERVER_ERROR", "RESET", "CONNECT_FAILED", "TIMEOUT"})
  void countsEveryKindOfFailure(Endpoint.Result failure) {
    Clusters clusters = accruing(2);
    for (int i = 0; i < 5; i++) {
      clusters.cluster.endpoints().get(0).onResult(1, failure);
    }
    assertThat(clusters.cluster.availableCount()).isEqualTo(1);
  }

  @Test
  void ejectsHalfAtMostAndNeverTheLast() {
    Clusters clusters = accruing(5);
    clusters.cluster.endpoints().forEach(e -> Clusters.fail(e, 20));
    // Half of five is two.
    assertThat(clusters.cluster.availableCount()).isEqualTo(3);

    Clusters pair = accruing(2);
    pair.cluster.endpoints().forEach(e -> Clusters.fail(e, 20));
    assertThat(pair.cluster.availableCount()).isEqualTo(1);

    Clusters single = accruing(1);
    single.cluster.endpoints().forEach(e -> Clusters.fail(e, 20));
    assertThat(single.cluster.ejectionCount()).isZero();
    assertThat(single.pick()).isNotNull();
  }

  @Test
  void neverEjectsTheLastHealthyOneEvenIfTheShareAllowsIt() {
    var all = new FailureAccrualSpec(5, 30_000, 300_000, 100);
    Clusters clusters =
        Clusters.of(Clusters.spec(LoadBalancerPolicy.ROUND_ROBIN, Optional.of(all)), 3);
    clusters.cluster.setPassing(clusters.cluster.endpoints().get(0), false);

    clusters.cluster.endpoints().forEach(e -> Clusters.fail(e, 20));

    assertThat(clusters.cluster.availableCount()).isEqualTo(1);
  }

  @Test
  void probesWithOneRealRequestAndRestoresOnSuccess() {
    Clusters clusters = accruing(4);
    Endpoint bad = clusters.cluster.endpoints().get(0);
    Clusters.fail(bad, 5);

    // 30 s give or take a tenth
    clusters.advanceMillis(26_900);
    assertThat(picks(clusters, 20)).doesNotContain(bad);
    clusters.advanceMillis(6_200);
    Endpoint probe = clusters.pick();
    assertThat(probe).isSameAs(bad);
    assertThat(picks(clusters, 20)).doesNotContain(bad);

    probe.onResult(1, Endpoint.Result.SUCCESS);

    assertThat(clusters.cluster.availableCount()).isEqualTo(4);
    assertThat(picks(clusters, 20)).contains(bad);
  }

  @Test
  void backsOffLongerAfterEachFailedProbeUpToTheMaximum() {
    Clusters clusters = accruing(4);
    Endpoint bad = clusters.cluster.endpoints().get(0);
    Clusters.fail(bad, 5);
    for (int ejection = 1; ejection <= 14; ejection++) {
      long nominal = Math.min(ejection * 30_000L, 300_000L);
      clusters.advanceMillis(nominal * 9 / 10 - 1);
      assertThat(picks(clusters, 8)).as("ejection %d", ejection).doesNotContain(bad);
      clusters.advanceMillis(nominal * 2 / 10 + 2);
      assertThat(clusters.pick()).as("probe %d", ejection).isSameAs(bad);
      bad.onResult(1, Endpoint.Result.CONNECT_FAILED);
    }
    assertThat(clusters.cluster.ejectionCount()).isEqualTo(15);
  }

  @Test
  void forgetsOldEjectionsAfterLongGoodService() {
    Clusters clusters = accruing(4);
    Endpoint bad = clusters.cluster.endpoints().get(0);
    Clusters.fail(bad, 5);
    clusters.advanceMillis(33_001);
    clusters.pick().onResult(1, Endpoint.Result.SERVER_ERROR);
    clusters.advanceMillis(66_001);
    clusters.pick().onResult(1, Endpoint.Result.SUCCESS);
    assertThat(clusters.cluster.availableCount()).isEqualTo(4);

    clusters.advanceMillis(300_001);
    Clusters.fail(bad, 5);

    clusters.advanceMillis(33_001);
    assertThat(clusters.pick()).as("the first back-off again").isSameAs(bad);
  }

  @Test
  void anotherRequestProbesWhenTheProbeIsNeverHeardOf() {
    Clusters clusters = accruing(3);
    Endpoint bad = clusters.cluster.endpoints().get(0);
    Clusters.fail(bad, 5);
    clusters.advanceMillis(33_001);
    assertThat(clusters.pick()).isSameAs(bad);
    clusters.advanceMillis(9_999);
    assertThat(picks(clusters, 10)).doesNotContain(bad);
    clusters.advanceMillis(2);
    assertThat(clusters.pick()).isSameAs(bad);
  }

  @Test
  void answersFromBeforeTheEjectionProveNothing() {
    Clusters clusters = accruing(3);
    Endpoint bad = clusters.cluster.endpoints().get(0);
    Clusters.fail(bad, 5);

    bad.onResult(1, Endpoint.Result.SUCCESS);

    assertThat(clusters.cluster.availableCount()).isEqualTo(2);
  }

  @Test
  void doesNotSendARetryToTheProbeThatJustFailed() {
    Clusters clusters = accruing(3);
    Endpoint bad = clusters.cluster.endpoints().get(0);
    Clusters.fail(bad, 5);
    clusters.advanceMillis(33_001);

    assertThat(clusters.cluster.pick(Cluster.NO_HASH, 0, bad)).isNotSameAs(bad);
  }

  @Test
  void panicsIntoUsingEveryoneWhenNoOneIsHealthy() {
    Clusters clusters = Clusters.of(LoadBalancerPolicy.ROUND_ROBIN, 3);
    clusters.cluster.endpoints().forEach(e -> clusters.cluster.setPassing(e, false));

    assertThat(picks(clusters, 9)).hasSize(3);
  }

  @Test
  void anEjectedEndpointThatLeavesAndReturnsStartsAnew() {
    Clusters clusters = accruing(4);
    Endpoint bad = clusters.cluster.endpoints().get(0);
    Clusters.fail(bad, 5);
    var rest = new ArrayList<>(Clusters.set(4).endpoints());
    rest.remove(0);

    clusters.cluster.updateEndpoints(Clusters.set(rest));
    assertThat(clusters.cluster.availableCount()).isEqualTo(3);
    clusters.cluster.updateEndpoints(Clusters.set(4));

    assertThat(clusters.cluster.availableCount()).isEqualTo(4);
    assertThat(clusters.cluster.endpoints()).doesNotContain(bad);
  }

  @Test
  void ejectsNoOneWithoutAccrual() {
    Clusters clusters = Clusters.of(LoadBalancerPolicy.ROUND_ROBIN, 3);
    clusters.cluster.endpoints().forEach(e -> Clusters.fail(e, 100));
    assertThat(clusters.cluster.availableCount()).isEqualTo(3);
  }

  /** Picks on several threads while endpoints come and go and are ejected. */
  @Test
  void picksOnlyEndpointsOfSomeRecentSetWhileItChanges() throws Exception {
    Clusters clusters = accruing(8);
    var stop = new AtomicBoolean();
    var broken = new AtomicBoolean();
    List<Thread> loops = new ArrayList<>();
    for (int loop = 0; loop < 3; loop++) {
      int index = loop;
      loops.add(
          Thread.ofPlatform()
              .start(() -> {
                int i = 0;
                while (!stop.get()) {
                  Endpoint picked = clusters.cluster.pick(Cluster.NO_HASH, index);
                  if (picked == null) {
                    broken.set(true);
                    return;
                  }
                  picked.onStart();
                  picked.onResult(
                      1, ++i % 3 == 0 ? Endpoint.Result.SUCCESS : Endpoint.Result.SERVER_ERROR);
                  picked.onEnd();
                }
              }));
    }
    for (int round = 0; round < 2_000; round++) {
      clusters.cluster.updateEndpoints(Clusters.set(1 + round % 8));
      clusters.advanceMillis(100);
    }
    stop.set(true);
    for (Thread loop : loops) {
      loop.join();
    }
    assertThat(broken).isFalse();
    assertThat(clusters.cluster.endpoints()).allMatch(e -> e.active() == 0);
  }

  private static Clusters accruing(int endpoints) {
    return Clusters.of(
        Clusters.spec(LoadBalancerPolicy.ROUND_ROBIN, Optional.of(ACCRUAL)), endpoints);
  }

  private static Set<Endpoint> picks(Clusters clusters, int times) {
    Set<Endpoint> seen = new HashSet<>();
    for (int i = 0; i < times; i++) {
      seen.add(clusters.pick());
    }
    return seen;
  }
}
