// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.listener.ConnectionOpening;
import io.selvage.proxy.listener.ListenerServer;
import io.selvage.proxy.tcp.TcpClient;
import io.selvage.proxy.tcp.TcpFlow;
import io.selvage.proxy.tcp.TcpObserver;
import io.selvage.proxy.tcp.TcpReport;
import io.selvage.proxy.telemetry.ByteCount;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.upstream.Endpoint;
import io.selvage.testkit.TestCa;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One proxy of the mesh, with as little before its targets as can be: an inbound side that
 * terminates mutual TLS, and outbound sides whose protocol the test says.
 */
final class MeshProxy implements AutoCloseable {
  /** What the observer saw of one exchange, copied because reports are reused. */
  record Ended(
      Outcome outcome, int status, int attempts, String peerIdentity, String upstreamIdentity) {}

  private final EventLoops loops;
  final MeshTls tls;
  final DataPath path;
  final List<Ended> ended = new CopyOnWriteArrayList<>();
  final List<TcpReport> tcpEnded = new CopyOnWriteArrayList<>();
  final List<TcpFlow> flows = new CopyOnWriteArrayList<>();
  final AtomicInteger upstreamsOpened = new AtomicInteger();
  final AtomicInteger upstreamsOpen = new AtomicInteger();
  private final List<ListenerServer> servers = new ArrayList<>();

  private MeshProxy(MeshTls tls, boolean inMesh) {
    this.tls = tls;
    loops = EventLoops.create(TransportKind.EPOLL, 1);
    DataPlaneOptions options =
        DataPlaneOptions.defaults().withExchanges(new Exchanges()).withTcp(new Raw());
    path = DataPath.create(loops, inMesh ? options.withMesh(tls) : options);
  }

  /** The workload {@code identity} with a leaf and bundle of {@code ca}. */
  static MeshProxy start(TestCa ca, String identity) throws GeneralSecurityException {
    MeshTls tls = new MeshTls();
    tls.use(Optional.of(leaf(ca, identity)), ca.pem());
    return new MeshProxy(tls, true);
  }

  /** With credentials of the test's own. */
  static MeshProxy start(MeshTls tls) {
    return new MeshProxy(tls, true);
  }

  /** Without any. */
  static MeshProxy outside() {
    return new MeshProxy(new MeshTls(InstantSource.system()), false);
  }

  static KeyMaterial leaf(TestCa ca, String identity) {
    var leaf = ca.leaf("workload").uri(identity).issue();
    return new KeyMaterial("leaf of " + identity, leaf.chainPem(), leaf.keyPem());
  }

  private final class Exchanges implements ExchangeObserver {
    @Override
    public void onUpstreamOpened(Endpoint endpoint, ByteCount bytes) {
      upstreamsOpened.incrementAndGet();
      upstreamsOpen.incrementAndGet();
    }

    @Override
    public void onUpstreamClosed(Endpoint endpoint, ByteCount bytes) {
      upstreamsOpen.decrementAndGet();
    }

    @Override
    public void onEnd(ExchangeReport report) {
      ConnectionInfo connection = report.connection;
      ended.add(
          new Ended(
              report.outcome,
              report.status,
              report.attempts,
              connection == null ? "" : connection.peerIdentity(),
              report.upstreamIdentity));
    }
  }

  private final class Raw implements TcpObserver {
    @Override
    public void onConnected(TcpFlow flow) {
      flows.add(flow);
    }

    @Override
    public void onEnd(TcpReport report) {
      tcpEnded.add(report);
    }
  }

  Target target(TargetSpec spec, EndpointSet.Endpoint... endpoints) {
    Target target = path.target(spec);
    target.updateEndpoints(new EndpointSet("test", List.of(endpoints)));
    return target;
  }

  static EndpointSet.Endpoint endpoint(int port, String identity) {
    return EndpointSet.Endpoint.of("127.0.0.1", port).withIdentity(identity);
  }

  /** A port on which other proxies reach {@code target}. */
  int inbound(Target target) throws Exception {
    return listen((child, server, environment) ->
        child.pipeline().addLast("opening", new Inbound(target, server)));
  }

  /** A port on which an application reaches {@code target}. */
  int outbound(Target target, ClusterSpec.Protocol protocol) throws Exception {
    return listen((child, server, environment) ->
        child.pipeline().addLast("opening", new Outbound(target, server, protocol)));
  }

  private int listen(ConnectionOpening opening) throws Exception {
    ListenerSpec spec =
        new ListenerSpec(
            "test/" + servers.size(),
            Optional.empty(),
            "127.0.0.1",
            0,
            false,
            ListenerSpec.TlsMode.OFF,
            true,
            ListenerSpec.SecurityModel.SECURE,
            0,
            "",
            List.of(),
            List.of(),
            100,
            "test");
    ListenerServer server =
        ListenerServer.bind(spec, path.listeners(() -> false, opening), problem -> {})
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
    servers.add(server);
    return server.port();
  }

  private static void begin(
      Channel channel,
      Target target,
      ListenerServer server,
      ClusterSpec.Protocol protocol,
      @Nullable SslHandler tls) {
    String peer = tls == null ? "" : MeshTls.peerIdentity(tls).orElse("");
    var from = (InetSocketAddress) channel.remoteAddress();
    var to = (InetSocketAddress) channel.localAddress();
    if (protocol == ClusterSpec.Protocol.TCP) {
      target.tcp(channel, new TcpClient("test", from, to, null, peer));
      return;
    }
    boolean two = protocol == ClusterSpec.Protocol.HTTP2;
    target.serve(
        channel.pipeline(),
        new ConnectionInfo(
            "test",
            "test",
            from,
            to,
            two ? HttpVersion.HTTP_2 : HttpVersion.HTTP_1_1,
            tls != null,
            null,
            null,
            null,
            null,
            peer),
        server::isDraining);
  }

  /** Knows what is spoken. */
  private static final class Outbound extends ChannelInboundHandlerAdapter {
    private final Target target;
    private final ListenerServer server;
    private final ClusterSpec.Protocol protocol;

    Outbound(Target target, ListenerServer server, ClusterSpec.Protocol protocol) {
      this.target = target;
      this.server = server;
      this.protocol = protocol;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      begin(ctx.channel(), target, server, protocol, null);
      ctx.pipeline().remove(this);
    }
  }

  /** Shakes hands and hears from ALPN what is spoken. */
  private final class Inbound extends ChannelInboundHandlerAdapter {
    private final Target target;
    private final ListenerServer server;
    private @Nullable SslHandler handler;

    Inbound(Target target, ListenerServer server) {
      this.target = target;
      this.server = server;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      try {
        SslHandler made = tls.newServerHandler(ctx.alloc());
        handler = made;
        ctx.pipeline().addFirst("tls", made);
      } catch (GeneralSecurityException e) {
        ctx.close();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      SslHandler made = handler;
      if (!(event instanceof SslHandshakeCompletionEvent handshake) || made == null) {
        ctx.fireUserEventTriggered(event);
        return;
      }
      String alpn = made.applicationProtocol();
      if (!handshake.isSuccess() || alpn == null) {
        ctx.close();
        return;
      }
      begin(
          ctx.channel(),
          target,
          server,
          switch (alpn) {
            case MeshProtocol.ALPN_HTTP1 -> ClusterSpec.Protocol.HTTP1;
            case MeshProtocol.ALPN_HTTP2 -> ClusterSpec.Protocol.HTTP2;
            default -> ClusterSpec.Protocol.TCP;
          },
          made);
      ctx.pipeline().remove(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  @Override
  public void close() {
    servers.forEach(server -> server.close().toCompletableFuture().join());
    path.close();
    loops.workers().shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    tls.close();
  }
}
