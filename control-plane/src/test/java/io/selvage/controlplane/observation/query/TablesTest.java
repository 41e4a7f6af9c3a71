// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static io.selvage.controlplane.observation.MeshWorld.from;
import static io.selvage.controlplane.observation.MeshWorld.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.observation.EdgeOf;
import io.selvage.controlplane.observation.MeshWorld;
import io.selvage.controlplane.observation.store.ObservationStore;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.TrafficReport.Call;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** From reports to rows. */
class TablesTest {
  private static final String WEB = "10.0.0.1";
  private static final String EMOJI = "10.0.0.2";
  private static final String BARE = "10.0.0.3";
  private static final String GATEWAY = "10.0.0.4";
  private static final String EMOJI_SVC = "default/emoji:80";

  private final MeshWorld world =
      new MeshWorld()
          .deploymentPod("web", "1", WEB)
          .deploymentPod("emoji", "1", EMOJI)
          .deploymentPod("gateway", "1", GATEWAY)
          .pod(
              "bare",
              "u",
              "bare",
              BARE,
              "Running",
              MeshWorld.owner("DaemonSet", "bare"),
              false,
              false)
          .service("emoji")
          .service("idle")
          .sync();
  private final ConnectedProxy web = world.proxy("web-5d9-1", "web");
  private final ConnectedProxy emoji = world.proxy("emoji-5d9-1", "emoji");
  private final ConnectedProxy gateway = world.proxy("gateway-5d9-1", "gateway", ProxyKind.GATEWAY);

  // ---- edges

  @Test
  void twoViewsOfOneEdgeAreOneEdge() {
    world.report(web, EdgeOf.to(EMOJI).as("emoji").service(EMOJI_SVC).requests(1, 1).edge());
    world.report(emoji, EdgeOf.from(WEB).as("web").requests(1, 1).edge());
    assertThat(edges("deploy")).containsExactly("web emoji default default √");
    assertThat(edges("po")).containsExactly("web-5d9-1 emoji-5d9-1 default default √");
    assertThat(edges("ns")).containsExactly("default default default default √");
    assertThat(edges("sts")).isEmpty();
    EdgeRow row = rows("sa").getFirst();
    assertThat(row.clientId()).isEqualTo(MeshWorld.id("web"));
    assertThat(row.serverId()).isEqualTo(MeshWorld.id("emoji"));
  }

  /** Mutual TLS without an identity would be a claim that nobody has proved. */
  @Test
  void nothingIsSecuredWithoutAnIdentity() {
    world.report(web, EdgeOf.to(EMOJI).opened(1, 0).edge());
    assertThat(edges("deploy")).containsExactly("web emoji default default Identity Unknown");
  }

  @Test
  void eachViewAloneIsEnough() {
    world.report(web, EdgeOf.to(EMOJI).as("emoji").opened(1, 0).edge());
    assertThat(edges("deploy")).containsExactly("web emoji default default √");
    var other = new MeshWorld();
    other.deploymentPod("web", "1", WEB).deploymentPod("emoji", "1", EMOJI).sync();
    other.report(
        other.proxy("emoji-5d9-1", "emoji"), EdgeOf.from(WEB).as("web").opened(1, 0).edge());
    assertThat(edges(other, "deploy", "default")).containsExactly("web emoji default default √");
  }

  @Test
  void theReasonIsShownWhereNothingIsSecured() {
    world.report(
        emoji,
        EdgeOf.from(BARE).unsecured(Security.NO_TLS_FROM_REMOTE).requests(1, 1).edge(),
        EdgeOf.from("192.0.2.1").unsecured(Security.NO_TLS_FROM_REMOTE).requests(1, 1).edge());
    world.report(web, EdgeOf.to(BARE).unsecured(Security.NOT_MESHED).requests(1, 1).edge());
    assertThat(edges("po"))
        .containsExactly(
            "192.0.2.1 emoji-5d9-1 - default Not Provided By Remote",
            "bare emoji-5d9-1 default default Not Provided By Remote",
            "web-5d9-1 bare default default Not Provided By Service Discovery");
    assertThat(edges("deploy"))
        .as("a daemon set's pod is part of no deployment")
        .containsExactly("(outside) emoji - default Not Provided By Remote");
    EdgeRow row = rows("po").getLast();
    assertThat(row.clientId()).as("what the proxy proves elsewhere").isEqualTo(MeshWorld.id("web"));
    assertThat(row.serverId()).isEmpty();
  }

  @Test
  void aDenialIsTheServersToTell() {
    world.report(web, EdgeOf.to(EMOJI).as("emoji").requests(3, 3).edge());
    world.report(emoji, EdgeOf.from(WEB).as("web").denied().requests(3, 0).edge());
    assertThat(edges("deploy")).containsExactly("web emoji default default denied");
    world.report(emoji, EdgeOf.from(WEB).as("web").requests(3, 3).edge());
    assertThat(edges("deploy"))
        .containsExactly("web emoji default default √", "web emoji default default denied");
  }

  @Test
  void theGatewayIsASource() {
    world.report(gateway, EdgeOf.to(WEB).as("web").route("web-mapping").requests(1, 1).edge());
    world.report(web, EdgeOf.from(GATEWAY).as("gateway").requests(1, 1).edge());
    assertThat(edges("deploy")).containsExactly("gateway web default default √");
  }

  @Test
  void edgesStayForTenMinutesAndNamesWithThem() {
    world.report(web, EdgeOf.to(EMOJI).as("emoji").opened(1, 0).edge());
    world.now += 30_000;
    world.remove("Pod", "emoji-5d9-1").remove("Pod", "web-5d9-1").sync();
    world.store.gone(web);
    world.now += 500_000;
    world.store.sweep();
    assertThat(edges("deploy")).containsExactly("web emoji default default √");
    world.now += 120_000;
    world.store.sweep();
    assertThat(edges("deploy")).isEmpty();
  }

  @Test
  void namespacesAreThoseOfEitherEnd() {
    world.report(web, EdgeOf.to(EMOJI).as("emoji").requests(1, 1).edge());
    assertThat(edges(world, "deploy", "default")).hasSize(1);
    assertThat(edges(world, "deploy", "other")).isEmpty();
    assertThat(edges(world, "deploy", "")).hasSize(1);
  }

  @Test
  void clientsThatShareAnAddressAreToldByTheirIdentity() {
    world.deploymentPod("web", "2", "10.0.0.9").sync();
    ConnectedProxy second = world.proxy("web-5d9-2", "web");
    world.report(web, EdgeOf.to(EMOJI).as("emoji").requests(1, 1).edge());
    world.report(second, EdgeOf.to(EMOJI).as("emoji").requests(1, 1).edge());
    world.report(emoji, EdgeOf.from("127.0.0.1").as("web").requests(2, 2).edge());
    assertThat(edges("deploy")).containsExactly("web emoji default default √");
    assertThat(edges("po"))
        .containsExactly(
            "web-5d9-1 emoji-5d9-1 default default √", "web-5d9-2 emoji-5d9-1 default default √");
  }

  // ---- stat

  @Test
  void whatArrivesIsCountedByTheServersProxy() {
    traffic();
    StatRow row = stat("deploy/emoji").getFirst();
    assertThat(row.meshed()).isEqualTo("1/1");
    assertThat(row.success()).isEqualTo(0.9);
    assertThat(row.rps()).isCloseTo(10, within(0.01));
    assertThat(row.p50()).isEqualTo(8);
    assertThat(row.p99()).isEqualTo(10);
    assertThat(row.openConnections()).isEqualTo(2);
    assertThat(row.readRate()).isCloseTo(100, within(0.1));
    assertThat(row.writeRate()).isCloseTo(1_000, within(1.0));
  }

  @Test
  void rowsAreThoseOfMeshedWorkloadsWithOrWithoutTraffic() {
    traffic();
    assertThat(stat("deploy")).extracting(StatRow::name).containsExactly("emoji", "gateway", "web");
    StatRow row = stat("deploy/web").getFirst();
    assertThat(row.success()).isNull();
    assertThat(row.rps()).isNull();
    assertThat(row.p50()).isNull();
    assertThat(row.openConnections()).isNull();
    assertThat(row.readRate()).isNull();
    assertThat(stat("ds")).isEmpty();
    assertThat(stat("ds", Optional.empty(), true, "").getFirst().meshed()).isEqualTo("0/1");
    assertThat(stat("ds", from("deploy/web"), false, "")).hasSize(1);
  }

  @Test
  void whatGoesToAnotherIsCountedByTheClientsProxy() {
    traffic();
    StatRow row = stat("deploy", to("deploy/emoji"), false, "").getLast();
    assertThat(row.name()).isEqualTo("web");
    assertThat(row.success()).as("one never arrived").isEqualTo(0.8);
    assertThat(row.rps()).isCloseTo(10, within(0.01));
    assertThat(row.readRate()).as("to the server, whoever counts").isCloseTo(100, within(0.1));
    assertThat(stat("deploy/web", to("svc/emoji"), false, "").getFirst().success()).isEqualTo(0.8);
    assertThat(stat("deploy/web", to("deploy/web"), false, "").getFirst().success()).isNull();
    assertThat(stat("deploy/emoji", from("deploy/web"), false, "").getFirst().success())
        .isEqualTo(0.8);
    assertThat(stat("svc/emoji", from("deploy/web"), false, "").getFirst().success())
        .isEqualTo(0.8);
  }

  @Test
  void ofAClientWithoutAProxyTheServersWordCounts() {
    for (int i = 0; i < 12; i++) {
      world.now += 5_000;
      world.report(
          emoji, EdgeOf.from(BARE).unsecured(Security.NO_TLS_FROM_REMOTE).requests(50, 50).edge());
    }
    assertThat(stat("ds/bare", to("deploy/emoji"), false, "").getFirst().success()).isEqualTo(1);
    assertThat(stat("deploy/emoji", from("ds/bare"), false, "").getFirst().success()).isEqualTo(1);
  }

  @Test
  void servicesAreWhatClientsAskedFor() {
    traffic();
    List<StatRow> rows = stat("svc");
    assertThat(rows).extracting(StatRow::name).containsExactly("emoji", "idle");
    assertThat(rows).extracting(StatRow::meshed).containsOnlyNulls();
    assertThat(rows.getFirst().success()).isEqualTo(0.8);
    assertThat(rows.getLast().success()).isNull();
  }

  @Test
  void aGatewaysTrafficIsWhatItSendsOn() {
    world.report(gateway, EdgeOf.to(WEB).as("web").requests(4, 3).edge());
    assertThat(stat("deploy/gateway").getFirst().success()).isEqualTo(0.75);
    assertThat(stat("deploy/web", from("deploy/gateway"), false, "").getFirst().success())
        .isEqualTo(0.75);
  }

  @Test
  void meshedCountsPodsThatHaveNotEnded() {
    world
        .pod("web-5d9-2", "u2", "web", "10.0.0.21", "Running", rs(), false, false)
        .pod("web-5d9-3", "u3", "web", "", "Failed", rs(), true, false)
        .pod("web-5d9-4", "u4", "web", "", "Succeeded", rs(), false, false)
        .pod("web-5d9-5", "u5", "web", "", "Pending", rs(), true, false)
        .sync();
    assertThat(stat("deploy/web").getFirst().meshed()).isEqualTo("2/3");
    assertThat(stat("ns/default").getFirst().meshed()).isEqualTo("4/6");
    assertThat(stat("ns/default").getFirst().namespace()).isEmpty();
    assertThat(stat("po"))
        .extracting(row -> row.name() + " " + row.status())
        .containsExactly(
            "emoji-5d9-1 Running",
            "gateway-5d9-1 Running",
            "web-5d9-1 Running",
            "web-5d9-5 Pending");
  }

  @Test
  void aPodWhoseProxyReportsIsMeshedWhateverItsLabels() {
    world.report(world.proxy("bare", "bare"), EdgeOf.to(WEB).as("web").requests(1, 1).edge());
    assertThat(stat("ds").getFirst().meshed()).isEqualTo("1/1");
  }

  @Test
  void aPodThatIsGoneIsShownAsLongAsItsTrafficIs() {
    traffic();
    world.remove("Pod", "emoji-5d9-1").sync();
    assertThat(stat("po/emoji-5d9-1").getFirst().status()).isEqualTo("Deleted");
    assertThat(stat("deploy/emoji").getFirst().meshed()).isEqualTo("0/0");
  }

  @Test
  void labelsSelectPods() {
    traffic();
    assertThat(stat("deploy", Optional.empty(), false, "app=emoji"))
        .extracting(StatRow::name)
        .containsExactly("emoji");
    assertThat(stat("svc", Optional.empty(), false, "app=emoji"))
        .extracting(StatRow::name)
        .containsExactly("emoji");
    assertThat(stat("svc", Optional.empty(), false, "app=web")).isEmpty();
  }

  // ---- routes

  @Test
  void routesOfAWorkloadAndOfAGateway() {
    world.report(
        gateway,
        EdgeOf.to(WEB).as("web").service("default/web:80").route("b").requests(2, 2).edge(),
        EdgeOf.to(WEB).as("web").service("default/web:80").route("a").requests(2, 1).edge(),
        EdgeOf.to(WEB).as("web").service("default/web:80").requests(1, 1).edge(),
        EdgeOf.to(WEB).as("web").route("tcp").opened(1, 1).edge());
    world.report(web, EdgeOf.from(GATEWAY).as("gateway").requests(5, 4).edge());
    List<String> wanted =
        List.of("a default/web:80 0.5", "b default/web:80 1.0", "[DEFAULT] default/web:80 1.0");
    assertThat(routes("deploy/web", Optional.empty())).containsExactlyElementsOf(wanted);
    assertThat(routes("deploy/gateway", Optional.empty())).containsExactlyElementsOf(wanted);
    assertThat(routes("svc/web", Optional.empty())).containsExactlyElementsOf(wanted);
    assertThat(routes("deploy/gateway", to("deploy/web"))).containsExactlyElementsOf(wanted);
    assertThat(routes("deploy/emoji", Optional.empty())).isEmpty();
  }

  @Test
  void theServersCountIsActualWhereTheRouteIsClear() {
    traffic();
    var request =
        new RoutesRequest(
            List.of(ResourceSelector.parse("deploy/web")),
            Optional.of("default"),
            to("deploy/emoji"),
            Windows.DEFAULT);
    RouteRow row =
        world
            .tables
            .routes(request, world.store.pairs(Windows.DEFAULT), List.of())
            .rows()
            .getFirst();
    assertThat(row.success()).isEqualTo(0.8);
    assertThat(row.actualSuccess()).isEqualTo(0.9);
    assertThat(row.actualRps()).isCloseTo(10, within(0.01));
  }

  // ---- top

  @Test
  void callsAreShownOnceAndTheMostFrequentFirst() {
    calls(
        web,
        call(Direction.OUTBOUND, EMOJI, "/few", 2),
        call(Direction.OUTBOUND, EMOJI, "/many", 9));
    calls(
        emoji, call(Direction.INBOUND, WEB, "/many", 9), call(Direction.INBOUND, BARE, "/many", 4));
    assertThat(top("", 10))
        .containsExactly(
            "web-5d9-1 emoji-5d9-1 GET /many 9",
            "bare emoji-5d9-1 GET /many 4",
            "web-5d9-1 emoji-5d9-1 GET /few 2");
    assertThat(top("deploy/web", 10)).hasSize(2);
    assertThat(top("deploy/gateway", 10)).isEmpty();
    assertThat(top("", 1)).hasSize(1);
  }

  @Test
  void callsByClientsThatShareAnAddressAreToldByTheirConnections() {
    world.report(
        emoji,
        5_000,
        List.of(EdgeOf.from("127.0.0.1").as("web").requests(9, 9).edge()),
        List.of(call(Direction.INBOUND, "127.0.0.1", "/many", 9)));
    assertThat(top("", 10)).containsExactly("web-5d9-1 emoji-5d9-1 GET /many 9");
    calls(web, call(Direction.OUTBOUND, EMOJI, "/many", 9));
    assertThat(top("", 10)).containsExactly("web-5d9-1 emoji-5d9-1 GET /many 9");
  }

  // ---- bounds

  @Test
  void answersHaveSoManyRows() {
    var rows = java.util.Collections.nCopies(Answer.MAX_ROWS, "x");
    assertThat(Answer.of(rows, List.of()).notes()).isEmpty();
    var more = java.util.Collections.nCopies(Answer.MAX_ROWS + 1, "x");
    assertThat(Answer.of(more, List.of()).rows()).hasSize(Answer.MAX_ROWS);
    assertThat(Answer.of(more, List.of()).notes())
        .containsExactly("only the first 20000 of 20001 rows are shown");
  }

  /** A minute of ten requests a second from web to emoji. */
  private void traffic() {
    for (int i = 0; i < 14; i++) {
      world.now += 5_000;
      world.report(
          web,
          EdgeOf.to(EMOJI)
              .as("emoji")
              .service(EMOJI_SVC)
              .requests(50, 40)
              .latency(5, 50)
              .opened(0, 2)
              .bytes(5_000, 500)
              .edge());
      world.report(
          emoji,
          EdgeOf.from(WEB)
              .as("web")
              .requests(50, 45)
              .latency(5, 50)
              .opened(0, 2)
              .bytes(500, 5_000)
              .edge());
    }
  }

  private static List<io.selvage.model.kube.OwnerReference> rs() {
    return MeshWorld.owner("ReplicaSet", "web-5d9");
  }

  private List<StatRow> stat(String resource) {
    return stat(resource, Optional.empty(), false, "");
  }

  private List<StatRow> stat(
      String resource, Optional<OtherEnd> other, boolean unmeshed, String labels) {
    var request =
        new StatRequest(
            List.of(ResourceSelector.parse(resource)),
            Optional.of("default"),
            other,
            Windows.DEFAULT,
            LabelTest.parse(labels),
            unmeshed);
    return world.tables.stat(request, world.store.pairs(Windows.DEFAULT), List.of()).rows();
  }

  private List<EdgeRow> rows(String type) {
    var request = new EdgesRequest(ResourceType.parse(type), Optional.of("default"));
    return world
        .tables
        .edges(request, world.store.pairs(ObservationStore.WINDOW), List.of())
        .rows();
  }

  private List<String> edges(String type) {
    return edges(world, type, "default");
  }

  private static List<String> edges(MeshWorld world, String type, String namespace) {
    var request =
        new EdgesRequest(
            ResourceType.parse(type), Optional.of(namespace).filter(name -> !name.isEmpty()));
    return world
        .tables
        .edges(request, world.store.pairs(ObservationStore.WINDOW), List.of())
        .rows()
        .stream()
        .map(TablesTest::text)
        .distinct()
        .toList();
  }

  private static String text(EdgeRow row) {
    String secured = row.reason().isEmpty() ? "√" : row.reason();
    return String.join(
        " ",
        row.source(),
        row.destination(),
        row.sourceNamespace().isEmpty() ? "-" : row.sourceNamespace(),
        row.destinationNamespace().isEmpty() ? "-" : row.destinationNamespace(),
        row.denied() ? "denied" : secured);
  }

  private List<String> routes(String resource, Optional<OtherEnd> to) {
    var request =
        new RoutesRequest(
            List.of(ResourceSelector.parse(resource)), Optional.of("default"), to, Windows.DEFAULT);
    return world
        .tables
        .routes(request, world.store.pairs(Windows.DEFAULT), List.of())
        .rows()
        .stream()
        .map(row -> row.route() + " " + row.service() + " " + row.success())
        .toList();
  }

  private void calls(ConnectedProxy proxy, Call... calls) {
    world.report(proxy, 5_000, List.of(), List.of(calls));
  }

  private static Call call(Direction direction, String peer, String path, long count) {
    return new Call(direction, peer, 8080, "", "GET", path, count, count, 10, 20, 15);
  }

  private List<String> top(String resource, int limit) {
    var request =
        new TopRequest(
            Optional.of(resource).filter(text -> !text.isEmpty()).map(ResourceSelector::parse),
            Optional.of("default"),
            limit);
    return world.tables.top(request, world.store.calls(), List.of()).rows().stream()
        .map(row ->
            String.join(
                " ",
                row.source(),
                row.destination(),
                row.method(),
                row.path(),
                Long.toString(row.count())))
        .toList();
  }
}
