// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.gateway.app.TrafficPlane;
import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.model.Problem;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.PortRange;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.EndpointSet.Endpoint;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.model.routing.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class MeshedTrafficTest {
  private static final String SHOP = "spiffe://cluster.local/ns/shop/sa/shop";
  private static final RoutingModel MODEL =
      new RoutingModel(List.of(), new TreeMap<>(), new TreeMap<>(), Settings.defaults());

  private final PodDirectory pods = new PodDirectory();
  private final DataPath dataPath = new DataPath();
  private final MeshedTraffic traffic = new MeshedTraffic(dataPath, pods, Runnable::run);

  /** Remembers what it was given. */
  private static final class DataPath implements TrafficPlane {
    final Map<String, EndpointSet> sets = new TreeMap<>();
    final List<EndpointSet> updates = new ArrayList<>();
    int models;

    @Override
    public List<Problem> apply(RoutingModel model, Map<String, EndpointSet> endpoints) {
      models++;
      sets.clear();
      sets.putAll(endpoints);
      return List.of();
    }

    @Override
    public void updateEndpoints(Collection<EndpointSet> changed) {
      updates.addAll(changed);
      changed.forEach(set -> sets.put(set.key(), set));
    }

    @Override
    public int boundPort(ListenerSpec listener) {
      return 0;
    }

    @Override
    public void drain(Duration lameDuck, Duration atMost) {}

    @Override
    public void close() {}
  }

  private static EndpointSet set(String key, String... addresses) {
    var endpoints = new ArrayList<Endpoint>();
    for (String address : addresses) {
      endpoints.add(Endpoint.of(address, 8080));
    }
    return new EndpointSet(key, endpoints);
  }

  private void directory(boolean reset, String... addresses) {
    var upserts = new ArrayList<ControlMessage.MeshedPod>();
    for (String address : addresses) {
      upserts.add(new ControlMessage.MeshedPod(address, SHOP, List.of(new PortRange(9090, 9090))));
    }
    pods.apply(new ControlMessage.Workloads(reset, upserts, List.of()));
  }

  private void apply(EndpointSet... sets) {
    var all = new TreeMap<String, EndpointSet>();
    for (EndpointSet set : sets) {
      all.put(set.key(), set);
    }
    traffic.apply(MODEL, all);
  }

  private List<String> identities(String key) {
    return dataPath.sets.get(key).endpoints().stream().map(Endpoint::identity).toList();
  }

  @Test
  void beforeTheDirectoryIsKnownNoEndpointIsTakenForAPlainOne() {
    apply(set("shop/shop/80", "10.0.0.1", "10.0.0.2"));
    assertThat(dataPath.sets.get("shop/shop/80").endpoints()).isEmpty();
    directory(true, "10.0.0.1");
    assertThat(identities("shop/shop/80")).containsExactly(SHOP, "");
    assertThat(dataPath.models).isEqualTo(1);
  }

  @Test
  void endpointsAreNamedOnTheirWay() {
    directory(true, "10.0.0.1");
    apply(set("a/a/80", "10.0.0.1"), set("b/b/80", "10.0.0.2"));
    assertThat(identities("a/a/80")).containsExactly(SHOP);
    assertThat(identities("b/b/80")).containsExactly("");
    traffic.updateEndpoints(List.of(set("b/b/80", "10.0.0.1", "10.0.0.3")));
    assertThat(identities("b/b/80")).containsExactly(SHOP, "");
  }

  @Test
  void aPortTheSidecarDoesNotSeeStaysPlain() {
    directory(true, "10.0.0.1");
    apply(new EndpointSet("a/a/80", List.of(Endpoint.of("10.0.0.1", 9090))));
    assertThat(identities("a/a/80")).containsExactly("");
  }

  @Test
  void aChangeOfTheDirectoryTouchesOnlyTheSetsItConcerns() {
    directory(true, "10.0.0.1");
    apply(set("a/a/80", "10.0.0.1"), set("b/b/80", "10.0.0.2"));
    directory(false, "10.0.0.2");
    assertThat(dataPath.updates).extracting(EndpointSet::key).containsExactly("b/b/80");
    assertThat(dataPath.models).isEqualTo(1);
    pods.apply(new ControlMessage.Workloads(false, List.of(), List.of("10.0.0.2")));
    assertThat(identities("b/b/80")).containsExactly("");
  }

  /** A directory may come in parts, and only the first of them is a reset. */
  @Test
  void aMeshedPodIsNotTakenForAPlainOneWhileTheDirectoryComesAgain() {
    directory(true, "10.0.0.1", "10.0.0.2");
    apply(set("a/a/80", "10.0.0.1", "10.0.0.2"));
    directory(true, "10.0.0.1");
    assertThat(identities("a/a/80")).containsExactly(SHOP, SHOP);
    pods.settle();
    assertThat(identities("a/a/80")).containsExactly(SHOP, "");
  }
}
