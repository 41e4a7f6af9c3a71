// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.tap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.observation.MeshWorld;
import io.selvage.controlplane.observation.query.LabelTest;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.model.mesh.ControlMessage.Tap;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TapEvent;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TapDeskTest {
  private final MeshWorld world =
      new MeshWorld()
          .deploymentPod("web", "1", "10.0.0.1")
          .deploymentPod("emoji", "1", "10.0.0.2")
          .deploymentPod("gateway", "1", "10.0.0.4")
          .sync();
  private final ConnectedProxy web = world.proxy("web-5d9-1", "web");
  private final ConnectedProxy emoji = world.proxy("emoji-5d9-1", "emoji");
  private final ConnectedProxy gateway = world.proxy("gateway-5d9-1", "gateway", ProxyKind.GATEWAY);
  private final List<ConnectedProxy> connected = new ArrayList<>(List.of(web, emoji, gateway));
  private final List<String> asked = new ArrayList<>();
  private final List<TapRow> rows = new ArrayList<>();
  private final List<String> statuses = new ArrayList<>();
  private final TapDesk desk = new TapDesk(world.directory, () -> world.now);

  private final TapListener listener =
      new TapListener() {
        @Override
        public void exchange(TapRow row) {
          rows.add(row);
        }

        @Override
        public void status(int proxies, long dropped) {
          statuses.add(proxies + " " + dropped);
        }
      };

  @BeforeEach
  void connect() {
    desk.connect(
        new ProxyFleet() {
          @Override
          public List<ConnectedProxy> proxies() {
            return connected;
          }

          @Override
          public void tap(Set<Long> sessions, Tap tap) {
            asked.add(new TreeSet<>(sessions) + " " + tap.id() + " " + tap.maxPerSecond());
          }

          @Override
          public void bundleChanged(boolean renew) {}
        });
  }

  private static TapRequest request(String resource, String to, int perSecond) {
    return request(resource, "", to, perSecond);
  }

  private static TapRequest request(String resource, String labels, String to, int perSecond) {
    return new TapRequest(
        ResourceSelector.parse(resource),
        Optional.of("default"),
        LabelTest.parse(labels),
        OtherEnd.of(
            Optional.of(to).filter(text -> !text.isEmpty()),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of("default")),
        perSecond,
        "",
        "",
        "",
        "",
        false);
  }

  private static ProxyMessage.Tapped tapped(
      long id, long dropped, Direction direction, String peer, String account, String service) {
    return new ProxyMessage.Tapped(
        id,
        dropped,
        new TapEvent(
            1,
            direction,
            "10.0.0.1:4000",
            "10.0.0.2:8080",
            peer,
            account.isEmpty() ? "" : MeshWorld.id(account),
            service,
            "",
            account.isEmpty() ? Security.NOT_MESHED : Security.SECURED,
            false,
            "GET",
            "http",
            "emoji",
            "/",
            200,
            -1,
            10,
            20,
            0,
            5,
            "ok",
            false,
            List.of()));
  }

  /** A Tap may be open for days, and proxies come back with new sessions. */
  @Test
  void proxiesThatAreGoneAreForgottenAndTheirCountsKept() {
    connected.clear();
    long id = desk.begin(request("deploy/web", "", 10), listener);
    for (int i = 1; i <= 100; i++) {
      ConnectedProxy again = world.proxy("web-5d9-1", "web");
      connected.clear();
      connected.add(again);
      desk.refresh();
      desk.event(again, tapped(id, 3, Direction.INBOUND, "10.0.0.2", "emoji", ""));
      world.now += 1_000;
    }
    assertThat(desk.remembered()).isLessThanOrEqualTo(2);
    assertThat(rows).extracting(TapRow::id).doesNotHaveDuplicates().hasSize(100);
    connected.clear();
    desk.refresh();
    assertThat(desk.remembered()).isZero();
    assertThat(statuses).last().isEqualTo("0 300");
  }

  @Test
  void onlyTheProxiesOfTheResourceAreAsked() {
    long id = desk.begin(request("deploy/web", "", 10), listener);
    assertThat(asked).containsExactly("[" + web.session() + "] " + id + " 10");
    assertThat(statuses).containsExactly("1 0");
    desk.end(id);
    assertThat(asked).last().isEqualTo("[" + web.session() + "] " + id + " 0");
    assertThat(desk.size()).isZero();
  }

  @Test
  void labelsNarrowTheResourceDown() {
    desk.begin(request("deploy", "app=emoji", "", 10), listener);
    assertThat(asked).hasSize(1).first().asString().startsWith("[" + emoji.session() + "] ");
    asked.clear();
    desk.begin(request("deploy/web", "app!=web", "", 10), listener);
    assertThat(asked).isEmpty();
    assertThat(statuses).last().isEqualTo("0 0");
  }

  @Test
  void proxiesThatComeAreAskedAndThoseThatGoForgotten() {
    connected.clear();
    long id = desk.begin(request("deploy", "", 90), listener);
    assertThat(asked).isEmpty();
    assertThat(statuses).containsExactly("0 0");
    connected.add(web);
    desk.refresh();
    assertThat(asked).containsExactly("[" + web.session() + "] " + id + " 90");
    connected.add(emoji);
    desk.refresh();
    assertThat(asked)
        .last()
        .as("each may tell less now")
        .isEqualTo("[" + web.session() + ", " + emoji.session() + "] " + id + " 60");
    desk.refresh();
    assertThat(asked).hasSize(2);
  }

  @Test
  void anExchangeHasTheNamesOfItsEnds() {
    long id = desk.begin(request("deploy/web", "", 10), listener);
    desk.event(web, tapped(id, 0, Direction.OUTBOUND, "10.0.0.2", "emoji", "default/emoji:80"));
    TapRow row = rows.getFirst();
    assertThat(row.id()).isEqualTo("1:1");
    assertThat(row.proxy()).isEqualTo("out");
    assertThat(row.tls()).isEqualTo("true");
    assertThat(row.source().pod()).isEqualTo("web-5d9-1");
    assertThat(row.destination().pod()).isEqualTo("emoji-5d9-1");
    assertThat(row.destination().owners()).containsEntry("deployment", "emoji");
    assertThat(row.grpcStatus()).isNull();
    assertThat(row.status()).isEqualTo(200);
    assertThat(row.headers()).isNull();
  }

  @Test
  void aGatewaysClientIsWhoeverCameToIt() {
    long id = desk.begin(request("deploy/gateway", "", 10), listener);
    desk.event(gateway, tapped(id, 0, Direction.OUTBOUND, "10.0.0.2", "emoji", ""));
    assertThat(rows.getFirst().source().pod()).isEqualTo("web-5d9-1");
  }

  @Test
  void toNarrowsItToWhatIsSentThere() {
    long id = desk.begin(request("deploy/web", "deploy/emoji", 10), listener);
    desk.event(web, tapped(id, 0, Direction.OUTBOUND, "10.0.0.2", "emoji", ""));
    desk.event(web, tapped(id, 0, Direction.OUTBOUND, "10.0.0.4", "gateway", ""));
    desk.event(web, tapped(id, 0, Direction.INBOUND, "10.0.0.2", "emoji", ""));
    assertThat(rows).hasSize(1);
    long service = desk.begin(request("deploy/web", "svc/books", 10), listener);
    desk.event(web, tapped(service, 0, Direction.OUTBOUND, "10.0.0.9", "", "default/books:80"));
    desk.event(web, tapped(service, 0, Direction.OUTBOUND, "10.0.0.9", "", "default/other:80"));
    assertThat(rows).hasSize(2);
    assertThat(rows.getLast().tls()).isEqualTo(Security.NOT_MESHED.label());
  }

  @Test
  void whatWasNotAskedForIsNotBelieved() {
    long id = desk.begin(request("deploy/web", "", 10), listener);
    desk.event(emoji, tapped(id, 0, Direction.OUTBOUND, "10.0.0.2", "emoji", ""));
    desk.event(web, tapped(id + 1, 0, Direction.OUTBOUND, "10.0.0.2", "emoji", ""));
    desk.end(id);
    desk.event(web, tapped(id, 0, Direction.OUTBOUND, "10.0.0.2", "emoji", ""));
    assertThat(rows).isEmpty();
  }

  @Test
  void theRateIsThatOfAllTogetherAndTheRestIsCounted() {
    long id = desk.begin(request("deploy", "", 3), listener);
    for (int i = 0; i < 2; i++) {
      desk.event(web, tapped(id, 5, Direction.OUTBOUND, "10.0.0.2", "emoji", ""));
      desk.event(emoji, tapped(id, 1, Direction.INBOUND, "10.0.0.1", "web", ""));
    }
    assertThat(rows).hasSize(3);
    world.now += 2_000;
    desk.refresh();
    assertThat(statuses).last().isEqualTo("3 7");
    desk.event(web, tapped(id, 5, Direction.OUTBOUND, "10.0.0.2", "emoji", ""));
    assertThat(rows).hasSize(4);
  }

  @Test
  void thereAreOnlySoManyTaps() {
    for (int i = 0; i < TapDesk.MAX_TAPS; i++) {
      desk.begin(request("deploy/web", "", 1), listener);
    }
    assertThatThrownBy(() -> desk.begin(request("deploy/web", "", 1), listener))
        .isInstanceOf(QueryException.class)
        .hasMessageContaining("32 taps already");
  }

  @Test
  void whatIsAskedWronglyIsSaid() {
    assertThatThrownBy(() -> request("svc/web", "", 1))
        .hasMessageContaining("a service has no proxy");
    assertThatThrownBy(() -> request("deploy", "", 0)).hasMessageContaining("1..1000: 0");
    assertThat(request("deploy", "", 1_000).maxPerSecond()).isEqualTo(1_000);
    assertThatThrownBy(() -> request("deploy", "", 1_001)).hasMessageContaining("1..1000: 1001");
  }
}
