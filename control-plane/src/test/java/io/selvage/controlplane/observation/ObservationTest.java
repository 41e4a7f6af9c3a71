// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.selvage.controlplane.link.ClusterView;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.query.LabelTest;
import io.selvage.controlplane.observation.query.StatRequest;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateListener;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.mesh.TrafficReport;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ObservationTest {
  private final MeshWorld world = new MeshWorld();
  private final Cluster cluster = new Cluster();
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final Observation observation = start(ObservationLimits.DEFAULT);

  /** A cluster that tells of what it is told. */
  private static final class Cluster implements ClusterView {
    final List<ClusterStateListener> listeners = new ArrayList<>();

    @Override
    public ClusterState current() {
      return ClusterState.empty();
    }

    @Override
    public void listen(ClusterStateListener listener) {
      listeners.add(listener);
    }

    void tell(ClusterChange change) {
      listeners.forEach(listener -> listener.onChange(change));
    }
  }

  private Observation start(ObservationLimits limits) {
    return Observation.start(
        new ObservationOptions(Optional.empty(), "cluster.local", limits),
        cluster,
        metrics,
        () -> world.now);
  }

  @AfterEach
  void close() {
    observation.close();
  }

  @Test
  void reportsBecomeRowsWithTheNamesOfTheCluster() throws Exception {
    world.deploymentPod("web", "1", "10.0.0.1").deploymentPod("emoji", "1", "10.0.0.2");
    cluster.tell(new ClusterChange.Synced(world.state()));
    ConnectedProxy web = world.proxy("web-5d9-1", "web");
    report(observation, web, 1, "10.0.0.2");
    assertThat(edges())
        .singleElement()
        .satisfies(row -> assertThat(row.destination()).isEqualTo("emoji"));

    world.deploymentPod("voting", "1", "10.0.0.3");
    cluster.tell(
        new ClusterChange.ObjectsChanged(
            world.state(), Set.of(new ObjectRef("Pod", "default", "voting-5d9-1"))));
    report(observation, web, 2, "10.0.0.3");
    assertThat(edges()).extracting(EdgeRow::destination).containsExactly("emoji", "voting");
    assertThat(metrics.get("selvage.observation.pairs").gauge().value()).isEqualTo(2);
    assertThat(metrics.get("selvage.observation.reports").functionCounter().count()).isEqualTo(2);
  }

  @Test
  void reportsBeyondWhatMayWaitAreLetFallAndCounted() throws Exception {
    observation.close();
    var small =
        Observation.start(
            new ObservationOptions(
                Optional.empty(), "cluster.local", new ObservationLimits(10, 10, 10, 10, 2)),
            cluster,
            new SimpleMeterRegistry(),
            () -> world.now);
    try (small) {
      // Two entries and the report itself weigh three.
      small
          .sink()
          .report(
              world.proxy("p", "web"),
              new TrafficReport(
                  1,
                  5_000,
                  List.of(
                      EdgeOf.to("10.0.0.1").requests(1, 1).edge(),
                      EdgeOf.to("10.0.0.2").requests(1, 1).edge()),
                  List.of()));
      report(small, world.proxy("q", "web"), 1, "10.0.0.3");
      var request = new EdgesRequest(ResourceType.NAMESPACE, Optional.empty());
      var answer = small.query().edges(request).toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertThat(answer.rows()).hasSize(1);
      assertThat(answer.notes())
          .containsExactly("reports came faster than they could be taken in: figures are too low");
      world.now += Duration.ofMinutes(10).toMillis() + 1;
      assertThat(
              small.query().edges(request).toCompletableFuture().get(20, TimeUnit.SECONDS).notes())
          .isEmpty();
    }
  }

  @Test
  void evictionsAreToldToWhoeverAsks() throws Exception {
    observation.close();
    var small =
        Observation.start(
            new ObservationOptions(
                Optional.empty(), "cluster.local", new ObservationLimits(1, 1, 1, 1, 100)),
            cluster,
            new SimpleMeterRegistry(),
            () -> world.now);
    try (small) {
      ConnectedProxy proxy = world.proxy("p", "web");
      report(small, proxy, 1, "10.0.0.1");
      report(small, proxy, 2, "10.0.0.2");
      var request = new EdgesRequest(ResourceType.NAMESPACE, Optional.empty());
      var answer = small.query().edges(request).toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertThat(answer.notes())
          .singleElement()
          .asString()
          .startsWith("1 pair of proxy and peer had to make room");
    }
  }

  @Test
  void windowsBeyondWhatIsKeptAreRefused() throws Exception {
    var longest = stat(Duration.ofMinutes(10));
    assertThat(observation.query().stat(longest).toCompletableFuture().get(20, TimeUnit.SECONDS))
        .isNotNull();
    var longer = stat(Duration.ofMinutes(10).plusSeconds(1));
    assertThatThrownBy(
            () -> observation.query().stat(longer).toCompletableFuture().get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("metrics time window must be at most 10m")
        .hasMessageContaining("--prometheus");
  }

  @Test
  void aPrometheusNeedsTheUrlOfOne() {
    for (String url :
        List.of("ftp://x", "prometheus", "http:///x", "http://x/?a=b", "http://x/#f")) {
      assertThatThrownBy(() ->
              new ObservationOptions(
                  Optional.of(URI.create(url)), "cluster.local", ObservationLimits.DEFAULT))
          .as(url)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(url);
    }
    assertThatThrownBy(() -> new ObservationLimits(1, 1, 1, 0, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static StatRequest stat(Duration window) {
    return new StatRequest(
        List.of(ResourceSelector.parse("deploy")),
        Optional.empty(),
        Optional.empty(),
        window,
        LabelTest.ANY,
        false);
  }

  private static void report(
      Observation observation, ConnectedProxy from, long sequence, String peer) {
    observation
        .sink()
        .report(
            from,
            new TrafficReport(
                sequence, 5_000, List.of(EdgeOf.to(peer).requests(1, 1).edge()), List.of()));
  }

  private List<EdgeRow> edges() throws Exception {
    var request = new EdgesRequest(ResourceType.DEPLOYMENT, Optional.of("default"));
    return observation
        .query()
        .edges(request)
        .toCompletableFuture()
        .get(20, TimeUnit.SECONDS)
        .rows();
  }
}
