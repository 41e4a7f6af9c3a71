// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.gateway.app.TrafficPlane;
import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.model.Problem;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.PodRef;
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
  private final Time time = new Time();
  private boolean connected = true;
  private final MeshedTraffic traffic = new MeshedTraffic(dataPath, pods, () -> connected, time);

  /** Passes only when a test lets it. */
  private static final class Time implements MeshedTraffic.Pace {
    private final List<Runnable> later = new ArrayList<>();
    private long nanos;

    @Override
    public long nanoTime() {
      return nanos;
    }

    @Override
    public void soon(Runnable task) {
      task.run();
    }

    @Override
    public void after(Duration delay, Runnable task) {
      later.add(task);
    }

    void pass(Duration time) {
      nanos += time.toNanos();
      var due = List.copyOf(later);
      later.clear();
      due.forEach(Runnable::run);
    }
  }

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
    var upserts = new ArrayList<ControlMessage.KnownAddress>();
    for (String address : addresses) {
      upserts.add(meshed(address, PodRef.NONE));
    }
    pods.apply(new ControlMessage.Workloads(reset, upserts, List.of()));
  }

  private static ControlMessage.KnownAddress meshed(String address, PodRef pod) {
    return new ControlMessage.KnownAddress(address, SHOP, List.of(new PortRange(9090, 9090)), pod);
  }

  private static ControlMessage.KnownAddress plain(String address, PodRef pod) {
    return new ControlMessage.KnownAddress(address, "", List.of(), pod);
  }

  private void tell(boolean reset, ControlMessage.KnownAddress... known) {
    pods.apply(new ControlMessage.Workloads(reset, List.of(known), List.of()));
  }

  private static PodRef pod(String name) {
    return new PodRef("shop", name);
  }

  /** A set of one endpoint that names its pod. */
  private static EndpointSet named(String key, String address, String pod) {
    return new EndpointSet(key, List.of(Endpoint.of(address, 8080).withPod("shop/" + pod)));
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
    tell(true, meshed("10.0.0.1", PodRef.NONE), plain("10.0.0.2", PodRef.NONE));
    assertThat(identities("shop/shop/80")).containsExactly(SHOP, "");
    assertThat(dataPath.models).isEqualTo(1);
  }

  @Test
  void endpointsAreNamedOnTheirWay() {
    tell(
        true,
        meshed("10.0.0.1", PodRef.NONE),
        plain("10.0.0.2", PodRef.NONE),
        plain("10.0.0.3", PodRef.NONE));
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
    tell(true, meshed("10.0.0.1", PodRef.NONE), plain("10.0.0.2", PodRef.NONE));
    apply(set("a/a/80", "10.0.0.1"), set("b/b/80", "10.0.0.2"));
    directory(false, "10.0.0.2");
    assertThat(dataPath.updates).extracting(EndpointSet::key).containsExactly("b/b/80");
    assertThat(dataPath.models).isEqualTo(1);
    tell(false, plain("10.0.0.2", PodRef.NONE));
    assertThat(identities("b/b/80")).containsExactly("");
  }

  /** Its address may be somebody else's next. */
  @Test
  void anAddressThatIsTakenBackIsNotSpokenToInPlaintext() {
    tell(true, meshed("10.0.0.1", pod("web-1")));
    apply(named("a/a/80", "10.0.0.1", "web-1"));
    pods.apply(new ControlMessage.Workloads(false, List.of(), List.of("10.0.0.1")));
    assertThat(identities("a/a/80")).isEmpty();
  }

  @Test
  void anEndpointThatOvertakesItsPodIsHeldUntilTheDirectoryNamesIt() {
    tell(true, meshed("10.0.0.1", pod("web-1")));
    apply(named("a/a/80", "10.0.0.1", "web-1"));
    traffic.updateEndpoints(
        List.of(
            new EndpointSet(
                "a/a/80",
                List.of(
                    Endpoint.of("10.0.0.1", 8080).withPod("shop/web-1"),
                    Endpoint.of("10.0.0.2", 8080).withPod("shop/web-2")))));
    assertThat(identities("a/a/80")).containsExactly(SHOP);
    assertThat(traffic.held()).isEqualTo(1);

    time.pass(Duration.ofHours(1));
    assertThat(identities("a/a/80")).containsExactly(SHOP);
    tell(false, meshed("10.0.0.2", pod("web-2")));
    assertThat(identities("a/a/80")).containsExactly(SHOP, SHOP);
    assertThat(traffic.held()).isZero();
  }

  @Test
  void anAddressUsedAgainIsNotSpokenToAsThePodThatHadItBefore() {
    tell(true, plain("10.0.0.1", pod("old-1")));
    apply(named("a/a/80", "10.0.0.1", "old-1"));
    assertThat(identities("a/a/80")).containsExactly("");
    traffic.updateEndpoints(List.of(named("a/a/80", "10.0.0.1", "web-1")));
    assertThat(identities("a/a/80")).isEmpty();
    tell(false, meshed("10.0.0.1", pod("web-1")));
    assertThat(identities("a/a/80")).containsExactly(SHOP);
  }

  @Test
  void anAddressNoPodIsNamedForIsOutsideTheMeshAfterAWhile() {
    tell(true);
    apply(set("a/a/80", "192.0.2.1"));
    assertThat(identities("a/a/80")).isEmpty();
    time.pass(EndpointIdentities.LATE.minusNanos(1));
    assertThat(identities("a/a/80")).isEmpty();
    time.pass(Duration.ofNanos(1));
    assertThat(identities("a/a/80")).containsExactly("");
    assertThat(traffic.held()).isZero();
  }

  @Test
  void whileTheControlPlaneIsAwayANewEndpointIsExpectedToBeWhatItsSiblingsWere() {
    tell(
        true,
        meshed("10.0.0.1", pod("web-1")),
        plain("10.0.0.3", pod("bare-1")),
        meshed("10.0.0.5", pod("mix-1")),
        plain("10.0.0.6", pod("mix-2")));
    apply(
        named("web/web/80", "10.0.0.1", "web-1"),
        named("bare/bare/80", "10.0.0.3", "bare-1"),
        new EndpointSet(
            "mix/mix/80",
            List.of(
                Endpoint.of("10.0.0.5", 8080).withPod("shop/mix-1"),
                Endpoint.of("10.0.0.6", 8080).withPod("shop/mix-2"))));
    connected = false;
    traffic.updateEndpoints(
        List.of(
            named("web/web/80", "10.0.0.2", "web-2"),
            named("bare/bare/80", "10.0.0.4", "bare-2"),
            named("mix/mix/80", "10.0.0.7", "mix-3")));
    time.pass(EndpointIdentities.AWAY.minusNanos(1));
    assertThat(identities("web/web/80")).isEmpty();
    assertThat(identities("bare/bare/80")).isEmpty();
    time.pass(Duration.ofNanos(1));
    assertThat(identities("web/web/80")).containsExactly(SHOP);
    assertThat(identities("bare/bare/80")).containsExactly("");
    assertThat(identities("mix/mix/80")).isEmpty();
    assertThat(traffic.held()).isEqualTo(1);
  }

  /** A directory may come in parts, and only the first of them is a reset. */
  @Test
  void aMeshedPodIsNotTakenForAPlainOneWhileTheDirectoryComesAgain() {
    directory(true, "10.0.0.1", "10.0.0.2", "10.0.0.3");
    apply(set("a/a/80", "10.0.0.1", "10.0.0.2", "10.0.0.3"));
    pods.apply(
        new ControlMessage.Workloads(
            true, List.of(meshed("10.0.0.1", PodRef.NONE)), List.of(), true));
    assertThat(identities("a/a/80")).containsExactly(SHOP, SHOP, SHOP);
    pods.apply(
        new ControlMessage.Workloads(
            false, List.of(plain("10.0.0.2", PodRef.NONE)), List.of(), false));
    assertThat(identities("a/a/80")).containsExactly(SHOP, "");
  }

  @Test
  void halfADirectoryIsNone() {
    pods.apply(
        new ControlMessage.Workloads(
            true, List.of(plain("10.0.0.1", PodRef.NONE)), List.of(), true));
    apply(set("a/a/80", "10.0.0.1"));
    assertThat(identities("a/a/80")).isEmpty();
    assertThat(pods.isKnown()).isFalse();
  }
}
