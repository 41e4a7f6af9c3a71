// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import static io.selvage.controlplane.fixture.Cluster.identity;
import static io.selvage.controlplane.fixture.Cluster.namespace;
import static io.selvage.controlplane.fixture.Cluster.node;
import static io.selvage.controlplane.fixture.Cluster.pod;
import static io.selvage.controlplane.fixture.Cluster.service;
import static io.selvage.controlplane.fixture.Cluster.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.controlplane.fixture.Cluster;
import io.selvage.controlplane.link.IpLiteral;
import io.selvage.controlplane.policy.Annotations;
import io.selvage.controlplane.policy.InboundPolicies;
import io.selvage.model.Problem;
import io.selvage.model.kube.EndpointSlice;
import io.selvage.model.kube.IntOrString;
import io.selvage.model.kube.Pod;
import io.selvage.model.mesh.ControlMessage.KnownAddress;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.DestinationUpdate.Endpoint;
import io.selvage.model.mesh.DestinationUpdate.Kind;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.PortRange;
import io.selvage.model.mesh.ProtocolHint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiscoveryRulesTest {
  private final Map<String, KnownAddress> known = new HashMap<>();
  private final Map<PodRef, PodFacts> facts = new HashMap<>();
  private final DiscoveryIndex index =
      new DiscoveryIndex((address, one) -> {
        if (one == null) {
          known.remove(address);
        } else {
          known.put(address, one);
        }
      });
  private final ClusterReader reader =
      new ClusterReader(
          new PodReader(
              Cluster.TRUST_DOMAIN,
              Cluster.NAMESPACE,
              new InboundPolicies(
                  InboundPolicy.ALL_UNAUTHENTICATED, InboundSettings.DEFAULT_CLUSTER_NETWORKS)),
          index,
          (ref, before, now) -> {
            if (now != null) {
              facts.put(ref, now);
            }
          });
  private final Cluster cluster =
      new Cluster(change -> {
        reader.apply(change);
        index.publish();
        reader.noteConflicts();
      });

  private static final Pod WEB_1 = pod("shop", "web-1", "10.1.0.1").account("web").make();
  private static final Pod WEB_2 = pod("shop", "web-2", "10.1.0.2").account("web").make();
  private static final EndpointSlice SLICE =
      slice("shop", "web", "web-a")
          .port("http", 8080)
          .ready("10.1.0.1", "web-1")
          .ready("10.1.0.2", "web-2")
          .make();

  private DestinationView look(String address, int port) {
    return look(address, port, "n1");
  }

  private DestinationView look(String address, int port, String node) {
    Watch watch = watch(address, port, node, new ArrayList<>());
    DestinationView view = Objects.requireNonNull(watch.view());
    index.unwatch(watch);
    return view;
  }

  private Watch watch(String address, int port, String node, List<DestinationView> seen) {
    var watch = new Watch(w -> seen.add(Objects.requireNonNull(w.view())));
    index.watch(watch, IpLiteral.canonical(address).orElseThrow(), address, port, node);
    return watch;
  }

  private static List<String> addresses(DestinationView view) {
    return view.endpoints().stream().map(e -> e.address() + ":" + e.port()).toList();
  }

  private List<String> reasons() {
    return reader.problems().stream().map(Problem::reason).toList();
  }

  @Test
  void aClusterIpStandsForAllEndpointsOfItsService() {
    cluster.put(
        service("shop", "web", "10.96.0.1", "fd00::1").port("http", 80).make(),
        SLICE,
        WEB_1,
        WEB_2);

    DestinationView view = look("10.96.0.1", 80);

    assertThat(view.kind()).isEqualTo(Kind.SERVICE);
    assertThat(view.service().label()).isEqualTo("shop/web:80");
    assertThat(view.endpoints())
        .containsExactly(
            new Endpoint("10.1.0.1", 8080, identity("shop", "web"), ProtocolHint.DETECT, false),
            new Endpoint("10.1.0.2", 8080, identity("shop", "web"), ProtocolHint.DETECT, false));
    // The second address is of the other family; there is nothing of its own there.
    assertThat(addresses(look("fd00:0::1", 80))).hasSize(2);
  }

  @Test
  void anAddressOfTheOtherFamilyGetsEndpointsOfItsOwn() {
    cluster.put(
        service("shop", "web", "10.96.0.1", "fd00::1").port("http", 80).make(),
        slice("shop", "web", "web-a").port("http", 8080).ready("10.1.0.1", null).make(),
        slice("shop", "web", "web-b").port("http", 8080).ready("fd01::1", null).make());

    assertThat(addresses(look("10.96.0.1", 80))).containsExactly("10.1.0.1:8080");
    assertThat(addresses(look("fd00::1", 80))).containsExactly("fd01::1:8080");
  }

  @Test
  void aServiceWithoutEndpointsIsEmptyAndNotForwarded() {
    cluster.put(service("shop", "web", "10.96.0.1").port("http", 80).make());

    assertThat(look("10.96.0.1", 80).kind()).isEqualTo(Kind.SERVICE);
    assertThat(look("10.96.0.1", 80).endpoints()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "10.96.0.1, 81, NO_SUCH_PORT",
    "10.96.0.1, 53, NO_SUCH_PORT",
    "10.96.0.2, 80, FORWARD",
    "10.1.0.1, 8080, ENDPOINT",
    "10.1.0.1, 1, ENDPOINT",
    "192.0.2.1, 443, FORWARD",
    "::ffff:10.96.0.1, 80, SERVICE",
    "10.96.0.9, 80, SERVICE",
    "10.96.0.9, 22, FORWARD",
    "198.51.100.7, 80, SERVICE",
    "198.51.100.7, 81, FORWARD"
  })
  void whatAnAddressStandsFor(String address, int port, Kind kind) {
    cluster.put(
        service("shop", "web", "10.96.0.1")
            .port("http", 80)
            .udp("dns", 53)
            .external("10.96.0.9")
            .balancers("198.51.100.7")
            .make(),
        SLICE,
        WEB_1,
        WEB_2);

    assertThat(look(address, port).kind()).isEqualTo(kind);
  }

  @Test
  void servicesThatShareAnExternalAddressHaveTheirOwnPorts() {
    cluster.put(
        service("shop", "a", "10.96.0.1").port("x", 80).balancers("198.51.100.7").make(),
        service("shop", "b", "10.96.0.2").port("x", 443).balancers("198.51.100.7").make());

    assertThat(look("198.51.100.7", 80).service().name()).isEqualTo("a");
    assertThat(look("198.51.100.7", 443).service().name()).isEqualTo("b");
  }

  @Test
  void ofTwoServicesWithOneAddressTheOldestWinsAndTheOtherIsAProblem() {
    cluster.put(
        service("shop", "young", "10.96.0.1").port("x", 80).created("2026-02-01T00:00:00Z").make(),
        service("shop", "old", "10.96.0.1").port("x", 80).created("2026-01-01T00:00:00Z").make());

    assertThat(look("10.96.0.1", 80).service().name()).isEqualTo("old");
    assertThat(reader.problems())
        .singleElement()
        .satisfies(p -> {
          assertThat(p.reason()).isEqualTo("ServiceAddressConflict");
          assertThat(p.object().orElseThrow().name()).isEqualTo("young");
        });

    cluster.remove(service("shop", "old").make().ref());

    assertThat(look("10.96.0.1", 80).service().name()).isEqualTo("young");
    assertThat(reader.problems()).isEmpty();
  }

  @Test
  void onlyEndpointsThatServeAreToldTerminatingOnesAsDraining() {
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80).make(),
        slice("shop", "web", "web-a")
            .port("http", 8080)
            .ready("10.1.0.1", null)
            .unready("10.1.0.2", null)
            .draining("10.1.0.3", null)
            .endpoint("10.1.0.4", null, null, null, false, false, true)
            .endpoint("10.1.0.5", null, null, null, null, null, null)
            .make());

    DestinationView view = look("10.96.0.1", 80);

    assertThat(addresses(view)).containsExactly("10.1.0.1:8080", "10.1.0.3:8080", "10.1.0.5:8080");
    assertThat(view.endpoints().stream().filter(Endpoint::draining).map(Endpoint::address))
        .containsExactly("10.1.0.3");
  }

  @Test
  void anEndpointOfTwoSlicesIsToldOnce() {
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80).make(),
        slice("shop", "web", "web-a").port("http", 8080).draining("10.1.0.1", null).make(),
        slice("shop", "web", "web-b").port("http", 8080).ready("10.1.0.1", null).make());

    assertThat(look("10.96.0.1", 80).endpoints())
        .singleElement()
        .matches(e -> !e.draining(), "the slice that says it stays counts");
  }

  @Test
  void portsArePairedByName() {
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80).port("admin", 81).make(),
        slice("shop", "web", "a")
            .port("http", 8080)
            .port("admin", 9090)
            .ready("10.1.0.1", null)
            .make(),
        slice("shop", "web", "b").port("http", 8081).ready("10.1.0.2", null).make());

    assertThat(addresses(look("10.96.0.1", 80))).containsExactly("10.1.0.1:8080", "10.1.0.2:8081");
    assertThat(addresses(look("10.96.0.1", 81))).containsExactly("10.1.0.1:9090");
  }

  @Test
  void aPodAddressStandsForThatPodAlone() {
    cluster.put(WEB_1, WEB_2, node("n1", "z1"));

    DestinationView view = look("10.1.0.1", 8080);

    assertThat(view.endpoints())
        .containsExactly(
            new Endpoint("10.1.0.1", 8080, identity("shop", "web"), ProtocolHint.DETECT, false));
  }

  @ParameterizedTest
  @CsvSource({"selvage, true", "other, false", "'', false"})
  void aPodIsMeshedByTheLabelOfThisControlPlane(String label, boolean meshed) {
    cluster.put(pod("shop", "p", "10.1.0.9").meshedBy(label).make());

    assertThat(look("10.1.0.9", 80).endpoints())
        .singleElement()
        .extracting(Endpoint::identity)
        .isEqualTo(meshed ? identity("shop", "default") : "");
  }

  @Test
  void portsTheSidecarDoesNotSeeHaveNoIdentity() {
    cluster.put(
        namespace("shop", Map.of(Annotations.SKIP_INBOUND_PORTS, "7000")),
        pod("shop", "own", "10.1.0.8")
            .annotation(Annotations.SKIP_INBOUND_PORTS, "25,4000-4100")
            .make(),
        pod("shop", "older-than-that", "10.1.0.9").make());

    assertThat(identityAt("10.1.0.8", 4050)).isEmpty();
    assertThat(identityAt("10.1.0.8", 25)).isEmpty();
    assertThat(identityAt("10.1.0.8", 4101)).isNotEmpty();
    assertThat(identityAt("10.1.0.8", 7000)).isNotEmpty();
    assertThat(identityAt("10.1.0.9", 7000)).as("what started before goes on").isNotEmpty();
  }

  private String identityOf(String address, int port) {
    assertThat(look(address, port).endpoints()).hasSize(1);
    return look(address, port).endpoints().iterator().next().identity();
  }

  private String identityAt(String address, int port) {
    return look(address, port).endpoints().iterator().next().identity();
  }

  @Test
  void podsOnTheHostNetworkAreNeverMeshedAndTheirAddressIsTheNodes() {
    cluster.put(
        pod("shop", "agent", "192.168.0.1").hostNetwork().make(),
        service("shop", "agent", "10.96.0.1").port("x", 80).make(),
        slice("shop", "agent", "a").port("x", 8080).ready("192.168.0.1", "agent").make());

    assertThat(look("192.168.0.1", 8080).kind()).isEqualTo(Kind.FORWARD);
    assertThat(look("10.96.0.1", 80).endpoints())
        .singleElement()
        .extracting(Endpoint::identity)
        .isEqualTo("");
  }

  @Test
  void anEndpointThatNamesAnUnknownPodIsHeldBackUntilThePodIsKnown() {
    cluster.put(service("shop", "web", "10.96.0.1").port("http", 80).make(), SLICE, WEB_1);
    var seen = new ArrayList<DestinationView>();
    watch("10.96.0.1", 80, "", seen);

    assertThat(addresses(seen.getLast())).containsExactly("10.1.0.1:8080");

    cluster.put(WEB_2);

    assertThat(addresses(seen.getLast())).containsExactly("10.1.0.1:8080", "10.1.0.2:8080");
  }

  @Test
  void aSliceThatOvertakesThePodsStatusIsNotPlaintext() {
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80).make(),
        SLICE,
        WEB_1,
        pod("shop", "web-2").account("web").phase("Pending").make());

    assertThat(look("10.96.0.1", 80).endpoints())
        .extracting(Endpoint::identity)
        .containsOnly(identity("shop", "web"));
  }

  @Test
  void aFinishedPodGivesItsAddressBack() {
    cluster.put(
        pod("shop", "job", "10.1.0.1").account("job").phase("Succeeded").make(),
        pod("shop", "web-1", "10.1.0.1").account("web").make());

    assertThat(identityAt("10.1.0.1", 80)).isEqualTo(identity("shop", "web"));
  }

  @Test
  void ofAPodOnItsWayOutAndItsSuccessorTheSuccessorCounts() {
    cluster.put(
        pod("shop", "old", "10.1.0.1").account("old").terminating().make(),
        pod("shop", "new", "10.1.0.1").account("new").make());

    assertThat(identityAt("10.1.0.1", 80)).isEqualTo(identity("shop", "new"));
  }

  @Test
  void processesThatShareAnAddressAreToldApartByNameAndByPort() {
    cluster.put(
        pod("shop", "a", "127.0.0.1")
            .account("a")
            .containers(Cluster.container("a", 8001, null))
            .make(),
        pod("shop", "b", "127.0.0.1")
            .account("b")
            .containers(Cluster.container("b", 8002, null))
            .make(),
        service("shop", "b", "127.0.1.1").port("x", 80).make(),
        slice("shop", "b", "b").port("x", 9000).ready("127.0.0.1", "b").make());

    assertThat(identityAt("127.0.0.1", 8001)).isEqualTo(identity("shop", "a"));
    assertThat(identityAt("127.0.0.1", 8002)).isEqualTo(identity("shop", "b"));
    assertThat(identityAt("127.0.1.1", 80)).isEqualTo(identity("shop", "b"));
  }

  @Test
  void nothingIsSentInPlaintextToAnAddressThatMayBeAMeshedPods() {
    Pod a = pod("shop", "a", "127.0.0.1").account("a").make();
    Pod b = pod("shop", "b", "127.0.0.1").account("b").make();
    cluster.put(
        a,
        b,
        pod("shop", "bare", "127.0.0.2").unmeshed().make(),
        pod("shop", "naked", "127.0.0.2").unmeshed().make(),
        service("shop", "x", "127.0.1.1").port("x", 80).make(),
        slice("shop", "x", "x").port("x", 9000).ready("127.0.0.1", null).make());

    assertThat(look("127.0.0.1", 9).kind()).isEqualTo(Kind.ENDPOINT);
    assertThat(look("127.0.0.1", 9).endpoints()).isEmpty();
    assertThat(look("127.0.1.1", 80).endpoints()).isEmpty();
    assertThat(known).doesNotContainKey("127.0.0.1");
    assertThat(look("127.0.0.2", 9).kind()).isEqualTo(Kind.FORWARD);
    assertThat(known.get("127.0.0.2")).matches(one -> one.identity().isEmpty());
    assertThat(reasons()).containsExactly("AddressShared", "AddressShared");

    cluster.remove(b);

    assertThat(identityAt("127.0.0.1", 9)).isEqualTo(identity("shop", "a"));
    assertThat(identityOf("127.0.1.1", 80)).isEqualTo(identity("shop", "a"));
    assertThat(known.get("127.0.0.1").identity()).isEqualTo(identity("shop", "a"));
    assertThat(reasons()).isEmpty();
  }

  /** Whoever has an address next may be meshed where the one before was not. */
  @Test
  void aSliceThatGivesAnAddressToAnotherPodIsNotAnsweredByTheOneBefore() {
    cluster.put(
        pod("shop", "old", "10.1.0.1").unmeshed().make(),
        pod("shop", "web-1").account("web").phase("Pending").make(),
        service("shop", "web", "10.96.0.1").port("http", 80).make(),
        slice("shop", "web", "a").port("http", 8080).ready("10.1.0.1", "web-1").make());

    assertThat(look("10.96.0.1", 80).endpoints()).isEmpty();
    assertThat(known.get("10.1.0.1").pod()).isEqualTo(new PodRef("shop", "old"));

    cluster.put(pod("shop", "old", "10.1.0.1").unmeshed().terminating().make(), WEB_1);

    assertThat(identityOf("10.96.0.1", 80)).isEqualTo(identity("shop", "web"));
    assertThat(known.get("10.1.0.1").pod()).isEqualTo(new PodRef("shop", "web-1"));
  }

  @Test
  void anAddressIsAnsweredForOnlyWhenItsPodIsKnown() {
    cluster.put(service("shop", "web", "10.96.0.1").port("http", 80).make(), SLICE, WEB_1);

    assertThat(known.get("10.1.0.1").identity()).isEqualTo(identity("shop", "web"));
    assertThat(known).doesNotContainKey("10.1.0.2");
    assertThat(look("10.1.0.2", 8080).kind()).isEqualTo(Kind.ENDPOINT);
    assertThat(look("10.1.0.2", 8080).endpoints()).isEmpty();

    cluster.put(pod("shop", "web-2").account("web").phase("Pending").make());

    assertThat(known.get("10.1.0.2").identity()).isEqualTo(identity("shop", "web"));
    assertThat(identityAt("10.1.0.2", 8080)).isEqualTo(identity("shop", "web"));

    cluster.put(pod("shop", "web-2", "10.1.0.2").unmeshed().make());

    assertThat(known.get("10.1.0.2"))
        .isEqualTo(new KnownAddress("10.1.0.2", "", List.of(), new PodRef("shop", "web-2")));
  }

  @Test
  void endpointsThatAreNoPodsAndThoseOnNodesAreAnsweredForAsPlain() {
    cluster.put(
        pod("shop", "agent", "192.168.0.1").hostNetwork().make(),
        service("shop", "agent", "10.96.0.1").port("x", 80).make(),
        slice("shop", "agent", "a")
            .port("x", 8080)
            .ready("192.168.0.1", "agent")
            .ready("192.0.2.9", null)
            .make());

    assertThat(known.get("192.168.0.1").identity()).isEmpty();
    assertThat(known.get("192.0.2.9").identity()).isEmpty();
    cluster.remove(slice("shop", "agent", "a").make());
    assertThat(known).isEmpty();
  }

  /** On one machine: the ports of those without a sidecar are plain, and no others. */
  @Test
  void aSharedAddressOfOneMeshedPodIsPlainOnThePortsOfTheOthers() {
    cluster.put(
        pod("shop", "a", "127.0.0.1")
            .account("a")
            .containers(Cluster.container("a", 8001, null))
            .make(),
        pod("shop", "bare", "127.0.0.1")
            .unmeshed()
            .containers(Cluster.container("b", 8002, null))
            .make());

    assertThat(known.get("127.0.0.1"))
        .isEqualTo(
            new KnownAddress(
                "127.0.0.1",
                identity("shop", "a"),
                List.of(new PortRange(8002, 8002)),
                PodRef.NONE));
  }

  /** Probes pass whatever the policy, so not everybody may send what looks like one. */
  @Test
  void probesComeFromTheNodeOfThePod() {
    var web =
        pod("shop", "web-1", "10.1.0.1")
            .account("web")
            .node("n1")
            .containers(Cluster.container("a", 80, Cluster.httpProbe("/ok", IntOrString.of(80))))
            .make();
    cluster.put(web);
    assertThat(probeNetworks()).isEmpty();
    cluster.put(Cluster.node("n1", "10.244.255.0/24", "192.168.0.9", "fd00::9"));
    assertThat(probeNetworks())
        .containsExactly("192.168.0.9/32", "fd00:0:0:0:0:0:0:9/128", "10.244.255.1/32");
    cluster.put(Cluster.node("n1", "", "192.168.0.10"));
    assertThat(probeNetworks()).containsExactly("192.168.0.10/32");
  }

  private List<String> probeNetworks() {
    return facts.get(new PodRef("shop", "web-1")).inbound().probeNetworks();
  }

  @Test
  void zonesLearntFromEndpointsAreForgottenWithThem() {
    EndpointSlice slice =
        slice("shop", "web", "a").port("http", 8080).on("10.1.0.1", "n9", "z9").make();
    cluster.put(service("shop", "web", "10.96.0.1").port("http", 80).make(), slice);
    assertThat(index.zoneOf("n9")).isEqualTo("z9");
    cluster.remove(slice);
    assertThat(index.zoneOf("n9")).isEmpty();
    assertThat(index.learntZones()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"127.1", "1", "10.0.1", "10.0.0.01", "0x7f.0.0.1", "10.0.0.256", "::ffff:10.1"})
  void anAbbreviatedAddressIsNone(String text) {
    assertThat(IpLiteral.canonical(text)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "http, HTTP1",
    "kubernetes.io/ws, HTTP1",
    "kubernetes.io/h2c, HTTP2",
    "grpc, HTTP2",
    "tcp, OPAQUE",
    "selvage.io/opaque, OPAQUE",
    "mysql, DETECT",
    "'', DETECT"
  })
  void appProtocolIsAHint(String appProtocol, ProtocolHint hint) {
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80, appProtocol).make(),
        SLICE,
        WEB_1,
        WEB_2);

    assertThat(look("10.96.0.1", 80).hint()).isEqualTo(hint);
    assertThat(look("10.1.0.1", 8080).hint())
        .as("asked directly, as headless Services are")
        .isEqualTo(hint);
    assertThat(look("10.1.0.1", 8081).hint()).isEqualTo(ProtocolHint.DETECT);
  }

  @Test
  void opaquePortsComeFromServicePodAndNamespace() {
    cluster.put(
        namespace("shop", Map.of(Annotations.OPAQUE_PORTS, "9000")),
        service("shop", "web", "10.96.0.1")
            .port("http", 80)
            .port("stated", 81, "http")
            .port("db", 3306)
            .annotation(Annotations.OPAQUE_PORTS, "81,3306")
            .make(),
        service("shop", "plain", "10.96.0.2").port("x", 9000).make(),
        pod("shop", "p", "10.1.0.7").annotation(Annotations.OPAQUE_PORTS, "6379").make(),
        pod("shop", "q", "10.1.0.8").make());

    assertThat(look("10.96.0.1", 80).hint()).isEqualTo(ProtocolHint.DETECT);
    assertThat(look("10.96.0.1", 81).hint()).as("appProtocol wins").isEqualTo(ProtocolHint.HTTP1);
    assertThat(look("10.96.0.1", 3306).hint()).isEqualTo(ProtocolHint.OPAQUE);
    assertThat(look("10.96.0.2", 9000).hint()).isEqualTo(ProtocolHint.OPAQUE);
    assertThat(look("10.1.0.7", 6379).hint()).isEqualTo(ProtocolHint.OPAQUE);
    assertThat(look("10.1.0.7", 9000).hint())
        .as("the pod's own list")
        .isEqualTo(ProtocolHint.DETECT);
    assertThat(look("10.1.0.8", 9000).hint()).isEqualTo(ProtocolHint.OPAQUE);
  }

  @Test
  void anUnreadableAnnotationIsAProblemAndTheNextOuterHolds() {
    cluster.put(
        namespace("shop", Map.of(Annotations.OPAQUE_PORTS, "9000")),
        pod("shop", "p", "10.1.0.7").annotation(Annotations.OPAQUE_PORTS, "many").make());

    assertThat(look("10.1.0.7", 9000).hint()).isEqualTo(ProtocolHint.OPAQUE);
    assertThat(reasons()).containsExactly("InvalidPortList");

    cluster.put(pod("shop", "p", "10.1.0.7").make());

    assertThat(reasons()).isEmpty();
  }

  @Test
  void internalTrafficPolicyLocalIsTheNodesOwnEndpoints() {
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80).local().make(),
        slice("shop", "web", "a")
            .port("http", 8080)
            .on("10.1.0.1", "n1", null)
            .on("10.1.0.2", "n2", null)
            .make());

    assertThat(addresses(look("10.96.0.1", 80, "n1"))).containsExactly("10.1.0.1:8080");
    assertThat(addresses(look("10.96.0.1", 80, "n2"))).containsExactly("10.1.0.2:8080");
    assertThat(addresses(look("10.96.0.1", 80, "n3"))).isEmpty();
    assertThat(addresses(look("10.96.0.1", 80, ""))).hasSize(2);
  }

  @Test
  void zonesMeantAreHonouredIfAllHaveThem() {
    cluster.put(
        node("n1", "z1"),
        node("n3", "z3"),
        service("shop", "web", "10.96.0.1").port("http", 80).make(),
        slice("shop", "web", "a")
            .port("http", 8080)
            .on("10.1.0.1", "n1", "z1", "z1")
            .on("10.1.0.2", "n2", "z2", "z2")
            .make());

    assertThat(addresses(look("10.96.0.1", 80, "n1"))).containsExactly("10.1.0.1:8080");
    assertThat(addresses(look("10.96.0.1", 80, "n2")))
        .as("learnt")
        .containsExactly("10.1.0.2:8080");
    assertThat(addresses(look("10.96.0.1", 80, "n3"))).as("meant for nobody").hasSize(2);
    assertThat(addresses(look("10.96.0.1", 80, ""))).as("zone unknown").hasSize(2);

    cluster.put(slice("shop", "web", "b").port("http", 8080).on("10.1.0.3", "n1", "z1").make());

    assertThat(addresses(look("10.96.0.1", 80, "n1"))).as("one has no hint").hasSize(3);
  }

  @Test
  void aChangeOfOneSliceTellsThoseOfItsServiceTheDifference() {
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80).make(),
        service("shop", "other", "10.96.0.2").port("http", 80).make(),
        slice("shop", "other", "o").port("http", 1).ready("10.1.0.5", null).make(),
        SLICE,
        WEB_1,
        WEB_2);
    var seen = new ArrayList<DestinationView>();
    var others = new ArrayList<DestinationView>();
    watch("10.96.0.1", 80, "n1", seen);
    watch("10.96.0.1", 80, "n2", new ArrayList<>());
    watch("10.96.0.2", 80, "n1", others);

    cluster.put(
        slice("shop", "web", "web-a")
            .port("http", 8080)
            .ready("10.1.0.1", "web-1")
            .ready("10.1.0.3", null)
            .make());

    assertThat(seen).hasSize(2);
    assertThat(others).hasSize(1);
    DestinationUpdate update = seen.get(1).since(seen.get(0));
    assertThat(update.reset()).isFalse();
    assertThat(update.upserts()).extracting(Endpoint::address).containsExactly("10.1.0.3");
    assertThat(update.removed()).containsExactly(new DestinationUpdate.Address("10.1.0.2", 8080));
    assertThat(seen.get(1).since(null).reset()).isTrue();
    assertThat(seen.get(1).since(null).upserts()).hasSize(2);
  }

  @Test
  void whoeverAsksFromAnotherNodeSharesTheView() {
    cluster.put(service("shop", "web", "10.96.0.1").port("http", 80).make(), SLICE, WEB_1, WEB_2);
    var one = new ArrayList<DestinationView>();
    var two = new ArrayList<DestinationView>();
    watch("10.96.0.1", 80, "n1", one);
    watch("10.96.0.1", 80, "n2", two);

    cluster.put(pod("shop", "web-2", "10.1.0.2").account("web").terminating().make());

    assertThat(one).hasSize(2);
    assertThat(one.get(0)).isSameAs(two.get(0));
    assertThat(one.get(1)).isSameAs(two.get(1));
  }

  @Test
  void achangeThatConcernsNobodyHereTellsNobody() {
    cluster.put(service("shop", "web", "10.96.0.1").port("http", 80).make(), SLICE, WEB_1, WEB_2);
    var seen = new ArrayList<DestinationView>();
    watch("10.96.0.1", 80, "n1", seen);

    cluster.put(pod("shop", "web-1", "10.1.0.1").account("web").annotation("x", "y").make());
    cluster.put(pod("shop", "stranger", "10.1.7.7").make());
    cluster.put(namespace("shop", Map.of("x", "y")));

    assertThat(seen).hasSize(1);
  }

  @Test
  void anAddressChangesWhatItStandsFor() {
    var seen = new ArrayList<DestinationView>();
    Watch watch = watch("10.1.0.1", 8080, "n1", seen);

    cluster.put(WEB_1);
    cluster.remove(WEB_1);
    cluster.put(service("shop", "web", "10.1.0.1").port("http", 8080).make());

    assertThat(seen)
        .extracting(DestinationView::kind)
        .containsExactly(Kind.FORWARD, Kind.ENDPOINT, Kind.FORWARD, Kind.SERVICE);
    assertThat(seen.get(3).since(seen.get(2)).reset()).isTrue();
    assertThat(index.targets()).isEqualTo(1);

    index.unwatch(watch);

    assertThat(index.targets()).isZero();
  }

  @Test
  void aNamespaceAnnotationTouchesWhatIsInTheNamespace() {
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80).make(),
        service("else", "web", "10.96.0.2").port("http", 80).make());
    var seen = new ArrayList<DestinationView>();
    var others = new ArrayList<DestinationView>();
    watch("10.96.0.1", 80, "n1", seen);
    watch("10.96.0.2", 80, "n1", others);

    cluster.put(namespace("shop", Map.of(Annotations.OPAQUE_PORTS, "80")));
    cluster.remove(namespace("shop", Map.of()));

    assertThat(seen)
        .extracting(DestinationView::hint)
        .containsExactly(ProtocolHint.DETECT, ProtocolHint.OPAQUE, ProtocolHint.DETECT);
    assertThat(others).hasSize(1);
  }

  @Test
  void anAddressThatIsNoneIsAProblemAndTheOthersStay() {
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80).make(),
        slice("shop", "web", "a")
            .port("http", 8080)
            .ready("nonsense", null)
            .ready("10.1.0.1", null)
            .make());

    assertThat(addresses(look("10.96.0.1", 80))).containsExactly("10.1.0.1:8080");
    assertThat(reasons()).containsExactly("InvalidAddress");
  }
}
