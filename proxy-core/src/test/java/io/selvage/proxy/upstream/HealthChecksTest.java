// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.ClusterSpec.HealthCheckSpec;
import io.selvage.model.routing.ClusterSpec.LoadBalancerPolicy;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.proxy.upstream.HealthState.Check;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The state of one endpoint, and the rounds over all of them. */
class HealthChecksTest {
  private static final HealthCheckSpec SPEC =
      new HealthCheckSpec(
          Optional.empty(), "/ok", "", HeaderEdits.NONE, List.of(), 3_000, 5_000, 2, 3);

  private final ManualScheduler scheduler = new ManualScheduler();
  private final Cluster cluster = Clusters.of(LoadBalancerPolicy.ROUND_ROBIN, 3).cluster;
  private final ScriptedProbe probe = new ScriptedProbe();

  /** P pass, F fail, U unavailable; the verdict after each one, + or -. */
  @ParameterizedTest(name = "{0} of {2}/{3}: {1}")
  @CsvSource({
    "PPP, +++, 2, 3",
    "FFF, ++-, 2, 3",
    "FFPFFF, +++++-, 2, 3",
    "FFFPFPP, ++----+, 2, 3",
    "U, -, 2, 3",
    "UPP, --+, 2, 3",
    "UPUPP, ----+, 2, 3",
    "FP, -+, 1, 1",
    "F, -, 0, 0",
  })
  void countsRunsAgainstThresholds(String checks, String verdicts, int healthy, int unhealthy) {
    var state = new HealthState(healthy, unhealthy);
    var actual = new StringBuilder();
    for (char c : checks.toCharArray()) {
      Check check = c == 'P' ? Check.PASS : c == 'F' ? Check.FAIL : Check.UNAVAILABLE;
      actual.append(state.onCheck(check) ? '+' : '-');
    }
    assertThat(actual).hasToString(verdicts);
  }

  @Test
  void takesAnEndpointOutAndBackIn() {
    Endpoint sick = cluster.endpoints().get(1);
    start();
    probe.results.put(sick, Check.FAIL);
    scheduler.advanceMillis(1_250 + 5_000);
    assertThat(cluster.availableCount()).as("two failures").isEqualTo(3);
    scheduler.advanceMillis(5_000);
    assertThat(cluster.availableCount()).isEqualTo(2);

    probe.results.clear();
    scheduler.advanceMillis(5_000);
    assertThat(cluster.availableCount()).as("one success").isEqualTo(2);
    scheduler.advanceMillis(5_000);
    assertThat(cluster.availableCount()).isEqualTo(3);
  }

  @Test
  void doesNotJoinASlowCheckByASecondOne() {
    Endpoint slow = cluster.endpoints().get(0);
    var never = new CompletableFuture<Check>();
    probe.pending.put(slow, never);
    start();

    scheduler.advanceMillis(60_000);
    assertThat(probe.asked.stream().filter(e -> e == slow)).hasSize(1);
    assertThat(probe.asked.stream().filter(e -> e != slow)).hasSizeGreaterThan(20);

    probe.pending.clear();
    never.complete(Check.PASS);
    scheduler.advanceMillis(5_000);
    assertThat(probe.asked.stream().filter(e -> e == slow)).hasSize(2);
  }

  @Test
  void checksEndpointsThatJoinAndForgetsThoseThatLeave() {
    start();
    Endpoint gone = cluster.endpoints().get(0);
    cluster.updateEndpoints(
        Clusters.set(List.of(Clusters.endpoint(2), Clusters.endpoint(3), Clusters.endpoint(4))));

    scheduler.advanceMillis(20_000);

    assertThat(probe.asked).contains(cluster.endpoints().get(2)).doesNotContain(gone);
  }

  @Test
  void stopsAskingWhenStopped() {
    HealthChecks checks = start();
    scheduler.advanceMillis(10_000);
    int before = probe.asked.size();

    checks.stop();
    scheduler.advanceMillis(100_000);

    assertThat(probe.asked).hasSize(before);
    assertThat(probe.closed).isTrue();
  }

  private HealthChecks start() {
    var checks = new HealthChecks(cluster, SPEC, probe, scheduler);
    checks.start();
    return checks;
  }

  private static final class ScriptedProbe implements HealthProbe {
    final Map<Endpoint, Check> results = new HashMap<>();
    final Map<Endpoint, CompletableFuture<Check>> pending = new HashMap<>();
    final List<Endpoint> asked = new ArrayList<>();
    boolean closed;

    @Override
    public CompletionStage<Check> probe(Endpoint endpoint) {
      asked.add(endpoint);
      CompletableFuture<Check> waiting = pending.get(endpoint);
      return waiting != null
          ? waiting
          : CompletableFuture.completedFuture(results.getOrDefault(endpoint, Check.PASS));
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
