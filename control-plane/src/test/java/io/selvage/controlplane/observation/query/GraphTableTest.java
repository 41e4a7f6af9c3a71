// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.observation.EdgeOf;
import io.selvage.controlplane.observation.MeshWorld;
import io.selvage.controlplane.observation.query.GraphRequest.By;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.TrafficReport.Security;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** From reports to a graph. */
class GraphTableTest {
  private static final String WEB = "10.0.0.1";
  private static final String EMOJI = "10.0.0.2";
  private static final String BARE = "10.0.0.3";
  private static final String GATEWAY = "10.0.0.4";

  private final MeshWorld world =
      new MeshWorld()
          .deploymentPod("web", "1", WEB)
          .deploymentPod("emoji", "1", EMOJI)
          .deploymentPod("emoji", "2", "10.0.0.5")
          .deploymentPod("gateway", "1", GATEWAY)
          .pod(
              "bare-1",
              "u",
              "bare",
              BARE,
              "Running",
              MeshWorld.owner("DaemonSet", "bare"),
              false,
              false)
          .sync();
  private final ConnectedProxy web = world.proxy("web-5d9-1", "web");
  private final ConnectedProxy emoji = world.proxy("emoji-5d9-1", "emoji");
  private final ConnectedProxy gateway = world.proxy("gateway-5d9-1", "gateway", ProxyKind.GATEWAY);

  /** A first report only starts a proxy's clock. */
  @BeforeEach
  void begin() {
    world.report(web);
    world.report(emoji);
    world.report(gateway);
    world.now += 60_000;
  }

  @Test
  void fromTheGatewayToTheLastPod() {
    world.report(
        gateway, EdgeOf.to(WEB).as("web").service("default/web:80").requests(60, 60).edge());
    world.report(web, EdgeOf.from(GATEWAY).as("gateway").requests(60, 54).edge());
    world.report(
        web,
        EdgeOf.to(EMOJI).as("emoji").service("default/emoji:80").requests(30, 30).edge(),
        EdgeOf.to(BARE).unsecured(Security.NOT_MESHED).requests(6, 3).edge());
    world.report(emoji, EdgeOf.from(WEB).as("web").requests(30, 30).edge());

    Graph graph = graph(By.WORKLOAD, "");

    assertThat(graph.edges())
        .extracting(edge -> edge.source() + " " + edge.destination() + " " + edge.secured())
        .containsExactly(
            "deployment/default/gateway deployment/default/web true",
            "deployment/default/web daemonset/default/bare false",
            "deployment/default/web deployment/default/emoji true");
    assertThat(graph.edges().get(0).services()).containsExactly("default/web:80");
    assertThat(graph.edges().get(1).reasons()).containsExactly(Security.NOT_MESHED.label());
    assertThat(graph.edges().get(1).golden().success()).isEqualTo(0.5);
    Graph.Node server = node(graph, "deployment/default/web");
    assertThat(server.golden().success()).as("as its own proxy saw it").isEqualTo(0.9);
    assertThat(server.ownProxy()).isTrue();
    assertThat(node(graph, "deployment/default/emoji").pods()).isEqualTo(2);
    assertThat(node(graph, "deployment/default/gateway").gateway()).isTrue();
    Graph.Node bare = node(graph, "daemonset/default/bare");
    assertThat(bare.meshed()).isZero();
    assertThat(bare.ownProxy()).isFalse();
    assertThat(bare.golden().success()).as("as its clients saw it").isEqualTo(0.5);
  }

  @Test
  void aFlowSeenFromBothSidesCountsOnce() {
    world.report(web, EdgeOf.to(EMOJI).as("emoji").requests(60, 60).edge());
    world.report(emoji, EdgeOf.from(WEB).as("web").requests(60, 60).edge());
    Graph graph = graph(By.WORKLOAD, "");
    assertThat(graph.edges()).hasSize(1);
    Double once = graph.edges().getFirst().golden().rps();
    Double own = node(graph, "deployment/default/emoji").golden().rps();
    assertThat(once).isNotNull();
    assertThat(once).isCloseTo(own, within(0.001));
  }

  @Test
  void aDenialIsTheServersToTell() {
    world.report(web, EdgeOf.to(EMOJI).as("emoji").requests(3, 0).edge());
    world.report(emoji, EdgeOf.from(WEB).as("web").denied().requests(3, 0).edge());
    Graph.Edge edge = graph(By.WORKLOAD, "").edges().getFirst();
    assertThat(edge.denied()).isTrue();
    assertThat(edge.secured()).isTrue();
  }

  @Test
  void whoIsOutsideIsTwo() {
    world.report(
        web,
        EdgeOf.from("192.0.2.1").unsecured(Security.NO_TLS_FROM_REMOTE).requests(1, 1).edge(),
        EdgeOf.to("192.0.2.2").unsecured(Security.OUTSIDE).requests(1, 1).edge());
    world.report(
        gateway,
        EdgeOf.to("192.0.2.9")
            .service("shop/legacy:80")
            .unsecured(Security.NOT_MESHED)
            .requests(1, 1)
            .edge());
    assertThat(graph(By.WORKLOAD, "").edges())
        .extracting(edge -> edge.source() + " " + edge.destination())
        .containsExactlyInAnyOrder(
            "clients//(outside) deployment/default/web",
            "deployment/default/web outside//(outside)",
            "deployment/default/gateway service/shop/legacy");
    assertThat(graph(By.POD, "").edges())
        .extracting(edge -> edge.source() + " " + edge.destination())
        .contains("clients//192.0.2.1 pod/default/web-5d9-1");
    assertThat(graph(By.NAMESPACE, "").edges())
        .extracting(edge -> edge.source() + " " + edge.destination())
        .contains("namespace//default namespace//shop");
  }

  @Test
  void servicesThatShareAnAddressAreJudgedEachForItself() {
    world.report(
        gateway,
        EdgeOf.to("127.0.0.1")
            .service("default/one:80")
            .unsecured(Security.NOT_MESHED)
            .requests(1, 1)
            .edge(),
        EdgeOf.to("127.0.0.1")
            .service("default/two:80")
            .unsecured(Security.PORT_SKIPPED)
            .requests(1, 1)
            .edge());
    assertThat(graph(By.WORKLOAD, "").edges())
        .extracting(edge -> edge.destination() + " " + edge.reasons())
        .containsExactly(
            "service/default/one [" + Security.NOT_MESHED.label() + "]",
            "service/default/two [" + Security.PORT_SKIPPED.label() + "]");
  }

  @Test
  void whatIsSilentHasItsNodeBehindTheOthers() {
    world.report(web, EdgeOf.to(EMOJI).as("emoji").requests(1, 1).edge());
    List<Graph.Node> nodes = graph(By.WORKLOAD, "").nodes();
    assertThat(nodes)
        .extracting(Graph.Node::name)
        .containsExactly("emoji", "web", "bare", "gateway");
    assertThat(nodes.getLast().golden().rps()).isNull();
  }

  @Test
  void aNamespaceIsThatOfEitherEnd() {
    world.report(web, EdgeOf.to(EMOJI).as("emoji").requests(1, 1).edge());
    assertThat(graph(By.WORKLOAD, "default").edges()).hasSize(1);
    assertThat(graph(By.NAMESPACE, "default").nodes()).hasSize(1);
    Graph other = graph(By.WORKLOAD, "other");
    assertThat(other.edges()).isEmpty();
    assertThat(other.nodes()).isEmpty();
  }

  @Test
  void aLargeGraphIsCutAndSaysSo() {
    var large = new MeshWorld();
    for (int i = 0; i < Graph.MAX_NODES; i++) {
      large.pod("p" + i, "p", "10.1." + i / 250 + "." + i % 250, List.of());
    }
    Graph exact = large.sync().tables.graph(request(By.POD, ""), List.of(), List.of());
    assertThat(exact.nodes()).hasSize(Graph.MAX_NODES);
    assertThat(exact.notes()).isEmpty();
    large.pod("one-more", "p", "10.2.0.1", List.of()).sync();
    Graph cut = large.tables.graph(request(By.POD, ""), List.of(), List.of());
    assertThat(cut.nodes()).hasSize(Graph.MAX_NODES);
    assertThat(cut.notes()).singleElement().asString().contains("2000 of 2001 nodes");
  }

  @Test
  void whatIsAskedWronglyIsSaid() {
    assertThatThrownBy(() -> By.parse("colour"))
        .hasMessage("by is none of workload, pod, namespace: colour");
    assertThatThrownBy(() -> new GraphRequest(By.POD, Optional.of("A b"), Duration.ofMinutes(1)))
        .hasMessageContaining("not the namespace");
    assertThatThrownBy(() -> new GraphRequest(By.POD, Optional.empty(), Duration.ofSeconds(14)))
        .hasMessageContaining("at least 15s");
  }

  private static GraphRequest request(By by, String namespace) {
    return new GraphRequest(
        by, Optional.of(namespace).filter(name -> !name.isEmpty()), Duration.ofMinutes(1));
  }

  private Graph graph(By by, String namespace) {
    GraphRequest request = request(by, namespace);
    return world.tables.graph(request, world.store.pairs(request.window()), List.of());
  }

  private static Graph.Node node(Graph graph, String id) {
    return graph.nodes().stream().filter(n -> n.id().equals(id)).findFirst().orElseThrow();
  }
}
