// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.mesh.traffic.ConnectionFlows;
import io.selvage.mesh.traffic.EdgeKey;
import io.selvage.mesh.traffic.TrafficRecorder;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.Breakers;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.RouteSpec;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.telemetry.ByteCount;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GatewayExchangesTest {
  private static final ObjectRef ORIGIN = new ObjectRef("Mapping", "shop", "route");
  private static final String SHOP = "spiffe://cluster.local/ns/shop/sa/shop";

  private final Recorder recorder = new Recorder();
  private final GatewayEdges edges =
      new GatewayEdges(new PodDirectory(), Snapshot::empty, () -> true);
  private final GatewayExchanges exchanges =
      new GatewayExchanges(edges, recorder, new ConnectionFlows(recorder));

  /** Remembers connections. */
  private static final class Recorder implements TrafficRecorder {
    final List<EdgeKey> opened = new ArrayList<>();
    long received;
    long sent;
    int closed;

    @Override
    public ExchangeObserver exchanges(Function<ExchangeReport, @Nullable EdgeKey> keys) {
      return report -> {};
    }

    @Override
    public Flow open(EdgeKey key) {
      opened.add(key);
      return new Flow() {
        @Override
        public void transferred(long moreReceived, long moreSent) {
          received += moreReceived;
          sent += moreSent;
        }

        @Override
        public void close() {
          closed++;
        }
      };
    }
  }

  private static Endpoint endpoint(String identity) {
    var breakers = new Breakers(10, 10, 10, 10);
    Cluster cluster =
        Cluster.create(
            new ClusterSpec(
                "shop",
                "shop",
                new ClusterSpec.EndpointSource.Set("shop"),
                ClusterSpec.Protocol.HTTP1,
                Optional.empty(),
                ClusterSpec.LoadBalancerPolicy.ROUND_ROBIN,
                1_000,
                1_000,
                0,
                breakers,
                breakers,
                Optional.empty(),
                Optional.empty(),
                Optional.empty()),
            1);
    cluster.updateEndpoints(
        new EndpointSet(
            "shop", List.of(EndpointSet.Endpoint.of("10.0.0.1", 8080).withIdentity(identity))));
    return cluster.endpoints().getFirst();
  }

  @Test
  void aConnectionIsOpenForAsLongAsItIsAndItsBytesAreCounted() {
    Endpoint shop = endpoint(SHOP);
    var bytes = new ByteCount();
    var channel = new EmbeddedChannel(bytes);
    exchanges.onUpstreamOpened(shop, bytes);
    assertThat(recorder.opened)
        .singleElement()
        .satisfies(key -> {
          assertThat(key.peerText()).isEqualTo("10.0.0.1");
          assertThat(key.port()).isEqualTo(8080);
          assertThat(key.peerIdentity()).isEqualTo(SHOP);
          assertThat(key.security()).isEqualTo(Security.SECURED);
          assertThat(key.route()).as("it is of no route").isEmpty();
        });
    assertThat(recorder.closed).isZero();
    channel.writeInbound(Unpooled.wrappedBuffer(new byte[7]));
    channel.writeOutbound(Unpooled.wrappedBuffer(new byte[3]));
    exchanges.onUpstreamClosed(shop, bytes);
    assertThat(recorder.closed).isEqualTo(1);
    assertThat(recorder.received).isEqualTo(7);
    assertThat(recorder.sent).isEqualTo(3);
    channel.finishAndReleaseAll();
  }

  @Test
  void anEndpointThatProvedNothingIsNotSecured() {
    var report = new ExchangeReport();
    report.route =
        new RouteSpec(
            "route",
            ORIGIN,
            "",
            RouteMatch.path(new PathMatch.Prefix("/", true)),
            List.of(
                new RouteSpec.Target(
                    ORIGIN, 100, new RouteAction.Respond(404, "", "", "no_route"))));
    report.endpoint = "10.0.0.1:8080";
    report.upstreamIdentity = SHOP;
    report.outcome = Outcome.UPSTREAM_TLS;
    assertThat(edges.of(report))
        .satisfies(key -> {
          assertThat(key).isNotNull();
          assertThat(key.security()).isEqualTo(Security.HANDSHAKE_FAILED);
          assertThat(key.peerIdentity()).isEmpty();
        });
    report.outcome = Outcome.CONNECT_FAILED;
    assertThat(edges.of(report))
        .satisfies(key -> assertThat(key.security()).isEqualTo(Security.NOT_CONNECTED));
    report.upstreamConnected = true;
    report.outcome = Outcome.OK;
    assertThat(edges.of(report))
        .satisfies(key -> {
          assertThat(key.security()).isEqualTo(Security.SECURED);
          assertThat(key.peerIdentity()).isEqualTo(SHOP);
        });
  }
}
