// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.selvage.controlplane.api.TrafficApi;
import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.controlplane.app.ControlPlaneProcess;
import io.selvage.controlplane.identity.FolderStorage;
import io.selvage.controlplane.identity.IdentityEvents;
import io.selvage.controlplane.identity.LocalTokenVerifier;
import io.selvage.controlplane.identity.TokenKeyFile;
import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.controlplane.observation.Observation;
import io.selvage.controlplane.observation.ObservationOptions;
import io.selvage.gateway.app.GatewayOptions;
import io.selvage.gateway.app.GatewayProcess;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.identity.token.TokenKey;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.kube.KindSelection;
import io.selvage.kube.StatusSink;
import io.selvage.kube.folder.FolderLimits;
import io.selvage.kube.folder.FolderSource;
import io.selvage.mesh.MeshMember;
import io.selvage.mesh.MeshOptions;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.testkit.RawClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway, a real control plane, and a backend that takes nothing but the mesh's TLS. */
class GatewayInMeshTest {
  private static final String TRUST_DOMAIN = "cluster.local";
  private static final String MESHED_ADDRESS = "127.0.0.31";
  private static final String PLAIN_ADDRESS = "127.0.0.32";

  private final EventLoops loops = EventLoops.create(TransportKind.NIO, 1);
  private final MeshTls backendTls = new MeshTls();

  @TempDir private Path folder;
  private @Nullable ControlPlaneProcess control;
  private @Nullable MeshMember backendMember;
  private @Nullable GatewayProcess gateway;

  @BeforeEach
  void start() throws Exception {
    int meshed = serve(MESHED_ADDRESS, true);
    int plain = serve(PLAIN_ADDRESS, false);
    Files.createDirectories(folder.resolve("objects"));
    Files.writeString(
        folder.resolve("objects/all.yaml"),
        pod("shop-1", "shop", MESHED_ADDRESS, true)
            + pod("plain-1", "plain", PLAIN_ADDRESS, false)
            + pod("gateway-1", "gateway", "127.0.0.1", false)
            + service("shop", MESHED_ADDRESS, meshed)
            + service("plain", PLAIN_ADDRESS, plain));
    control = startControlPlane();
    control.ready().get(30, TimeUnit.SECONDS);
    backendMember =
        MeshMember.start(member("shop", "shop-1", ProxyKind.SIDECAR), loops, backendTls);
    await().atMost(Duration.ofSeconds(30)).until(backendTls::hasCertificate);
  }

  @AfterEach
  void stop() throws Exception {
    if (gateway != null) {
      gateway.close();
    }
    if (backendMember != null) {
      backendMember.close();
    }
    if (control != null) {
      control.close();
    }
    loops.workers().shutdownGracefully(0, 5, TimeUnit.SECONDS).get(20, TimeUnit.SECONDS);
    backendTls.close();
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
  }

  // ---- The world

  private ControlPlaneProcess startControlPlane() throws IOException {
    Path identity = folder.resolve("identity");
    return ControlPlaneProcess.start(
        ControlPlaneOptions.defaults().withPorts(0, 0, 0),
        new FolderSource(
            folder.resolve("objects"), FolderLimits.DEFAULT, KindSelection.CONTROL_PLANE),
        new ControlPlaneProcess.IdentityParts(
            new FolderStorage(identity),
            new LocalTokenVerifier(
                TokenKeyFile.openOrCreate(identity).open(),
                MeshProtocol.TOKEN_AUDIENCE,
                InstantSource.system()),
            IdentityEvents.NONE,
            RotatePermission.loopback()),
        (cluster, metrics) -> {
          Observation observation =
              Observation.start(ObservationOptions.defaults(), cluster, metrics);
          return new ControlPlaneProcess.Traffic() {
            @Override
            public TrafficSink sink() {
              return observation.sink();
            }

            @Override
            public List<ApiRoutes> routes() {
              return List.of(new TrafficApi(observation.query()));
            }

            @Override
            public void close() {
              observation.close();
            }
          };
        },
        InstantSource.system());
  }

  private MeshOptions member(String account, String pod, ProxyKind kind) throws IOException {
    Path identity = folder.resolve("identity");
    TokenKey key = TokenKeyFile.openOrCreate(identity);
    Path token = folder.resolve(account + ".token");
    Files.writeString(
        token,
        WorkloadTokens.mint(
            key,
            new WorkloadIdentity(TRUST_DOMAIN, "default", account),
            MeshProtocol.TOKEN_AUDIENCE,
            Instant.now(),
            Duration.ofHours(1)));
    int port = requireNonNull(control).grpcPort();
    return new MeshOptions(
        List.of(new MeshOptions.ControlAddress("127.0.0.1", port)),
        MeshOptions.controlIdentity(TRUST_DOMAIN),
        token,
        identity.resolve(FolderStorage.BUNDLE),
        new PodRef("default", pod),
        kind,
        "test",
        Duration.ofSeconds(1),
        InboundSettings.DEFAULT);
  }

  private GatewayProcess startGateway() throws Exception {
    var options =
        new GatewayOptions(
                CompileOptions.defaults().withListeners("127.0.0.1", 0, 0),
                "127.0.0.1",
                0,
                Duration.ZERO,
                Duration.ofSeconds(5),
                1)
            .withMesh(member("gateway", "gateway-1", ProxyKind.GATEWAY));
    GatewayProcess started =
        GatewayProcess.start(
            options,
            new FolderSource(folder.resolve("objects")),
            StatusSink.none(),
            GatewayProcess.Hooks.none());
    gateway = started;
    started.server().firstLive().toCompletableFuture().get(30, TimeUnit.SECONDS);
    return started;
  }

  private static String get(GatewayProcess from, String host) throws IOException {
    int port = from.dataPlane().ports().getOrDefault("default/http", 0);
    try (var client = RawClient.connect(port)) {
      return client
          .send("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
          .readResponse();
    }
  }

  /** A server that tells who called it; with {@code meshed} over the mesh's TLS alone. */
  private int serve(String address, boolean meshed) throws InterruptedException {
    Channel server =
        new ServerBootstrap()
            .group(loops.workers())
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) throws Exception {
                    if (meshed) {
                      channel.pipeline().addLast(backendTls.newServerHandler(channel.alloc()));
                    }
                    channel.pipeline().addLast(new Teller());
                  }
                })
            .bind(new InetSocketAddress(address, 0))
            .sync()
            .channel();
    return ((InetSocketAddress) server.localAddress()).getPort();
  }

  private static final class Teller extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ((ByteBuf) message).release();
      SslHandler tls = ctx.pipeline().get(SslHandler.class);
      String caller = tls == null ? "plain" : MeshTls.peerIdentity(tls).orElse("nobody");
      ctx.writeAndFlush(
          Unpooled.copiedBuffer(
              "HTTP/1.1 200 OK\r\ncontent-length: " + caller.length() + "\r\n\r\n" + caller,
              US_ASCII));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  private static String pod(String name, String account, String address, boolean meshed) {
    return """
    ---
    apiVersion: v1
    kind: Pod
    metadata:
      name: %s
      namespace: default
      labels: {app: %s%s}
    spec:
      serviceAccountName: %s
      containers: [{name: app, image: app}]
    status:
      phase: Running
      podIP: %s
      podIPs: [{ip: %s}]
    """
        .formatted(
            name,
            account,
            meshed ? ", selvage.io/control-plane-ns: selvage" : "",
            account,
            address,
            address);
  }

  private static String service(String name, String address, int port) {
    return """
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: %1$s, namespace: default}
    spec:
      clusterIP: 10.96.0.%3$d
      selector: {app: %1$s}
      ports: [{name: http, port: 80, targetPort: %4$d}]
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata:
      name: %1$s-1
      namespace: default
      labels: {kubernetes.io/service-name: %1$s}
    addressType: IPv4
    ports: [{name: http, port: %4$d}]
    endpoints: [{addresses: [%2$s], conditions: {ready: true}}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: %1$s, namespace: default}
    spec:
      ingressClassName: selvage
      rules:
        - host: %1$s.example
          http:
            paths:
              - path: /
                pathType: Prefix
                backend: {service: {name: %1$s, port: {number: 80}}}
    """
        .formatted(name, address, name.length(), port);
  }

  // ---- The tests

  @Test
  void reachesMeshedBackendsOverMutualTlsAndOthersAsTheyAre() throws Exception {
    GatewayProcess running = startGateway();
    soon().until(() -> running.readiness().isReady());
    soon()
        .untilAsserted(() ->
            assertThat(get(running, "shop.example"))
                .startsWith("HTTP/1.1 200")
                .endsWith("spiffe://cluster.local/ns/default/sa/gateway"));
    assertThat(get(running, "plain.example")).startsWith("HTTP/1.1 200").endsWith("plain");
  }

  @Test
  void isASourceAmongTheEdges() throws Exception {
    GatewayProcess running = startGateway();
    soon().until(() -> running.readiness().isReady());
    URI edges =
        URI.create(
            "http://127.0.0.1:"
                + requireNonNull(control).apiPort()
                + "/api/v1/edges?type=pod&namespace=default");
    try (var client = HttpClient.newHttpClient()) {
      soon()
          .untilAsserted(() -> {
            assertThat(get(running, "shop.example")).startsWith("HTTP/1.1 200");
            HttpResponse<String> answer =
                client.send(
                    HttpRequest.newBuilder(edges).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(answer.body()).contains("gateway-1").contains("shop-1");
          });
    }
  }

  @Test
  void withoutItsControlPlaneItGoesOnAndAfterAStartItServesNothing() throws Exception {
    GatewayProcess running = startGateway();
    soon().until(() -> running.readiness().isReady());
    soon().untilAsserted(() -> assertThat(get(running, "shop.example")).startsWith("HTTP/1.1 200"));
    MeshOptions unreachable = member("gateway", "gateway-1", ProxyKind.GATEWAY);
    requireNonNull(control).close();
    assertThat(get(running, "shop.example")).startsWith("HTTP/1.1 200");
    assertThat(running.readiness().isReady()).isTrue();
    running.close();

    var options =
        new GatewayOptions(
                CompileOptions.defaults().withListeners("127.0.0.1", 0, 0),
                "127.0.0.1",
                0,
                Duration.ZERO,
                Duration.ofSeconds(5),
                1)
            .withMesh(unreachable);
    GatewayProcess started =
        GatewayProcess.start(
            options,
            new FolderSource(folder.resolve("objects")),
            StatusSink.none(),
            GatewayProcess.Hooks.none());
    gateway = started;
    started.server().firstLive().toCompletableFuture().get(30, TimeUnit.SECONDS);
    assertThat(get(started, "shop.example")).startsWith("HTTP/1.1 503");
    soon()
        .untilAsserted(() ->
            assertThat(started.readiness().missing().toString())
                .contains("identity: there is no certificate yet", "mesh: the control plane"));
  }
}
