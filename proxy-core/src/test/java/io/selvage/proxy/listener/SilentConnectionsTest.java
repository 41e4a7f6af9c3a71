// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.engine.DataPath;
import io.selvage.proxy.engine.DataPlaneOptions;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.testkit.RawClient;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens at the most connections a listener may have: here three. */
class SilentConnectionsTest {
  private static final int MOST = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration QUIET = Duration.ofMillis(300);

  private final AtomicInteger begun = new AtomicInteger();
  private final AtomicBoolean paused = new AtomicBoolean();

  private final List<RawClient> clients = new ArrayList<>();
  private EventLoops loops;
  private DataPath path;
  private ListenerServer server;

  /** Answers what it hears, and says when it has heard something first. */
  private final class Echo extends ChannelInboundHandlerAdapter {
    private final ListenerServer server;

    Echo(ListenerServer server) {
      this.server = server;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      Channel channel = ctx.channel();
      server.silent(
          channel,
          () -> {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.close();
          });
      begun.incrementAndGet();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      server.heard(ctx.channel());
      ctx.writeAndFlush(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  /** Whether the listener accepts. */
  private final class Pauses implements ListenerObserver {
    @Override
    public void onAcceptPaused(ListenerSpec listener, boolean isPaused) {
      paused.set(isPaused);
    }
  }

  @BeforeEach
  void start() throws Exception {
    Limits.Connection d = Limits.DEFAULT.connection();
    Limits limits =
        Limits.DEFAULT.withConnection(
            new Limits.Connection(
                MOST,
                d.global(),
                d.maxAgeMillis(),
                d.bufferLowBytes(),
                d.bufferHighBytes(),
                d.lingerMillis()));
    loops = EventLoops.create(TransportKind.EPOLL, 2);
    path =
        DataPath.create(
            loops, DataPlaneOptions.defaults().withLimits(limits).withListeners(new Pauses()));
    server =
        ListenerServer.bind(
                ListenerFixture.listener().build(),
                path.listeners(
                    () -> false,
                    (child, of, environment) -> child.pipeline().addLast(new Echo(of))),
                (Problem problem) -> {})
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
  }

  @AfterEach
  void stop() throws Exception {
    for (RawClient client : clients) {
      client.close();
    }
    server.close();
    path.close();
    loops.workers().shutdownGracefully(0, 1, TimeUnit.SECONDS).get(20, TimeUnit.SECONDS);
  }

  private RawClient connect() throws Exception {
    RawClient client = RawClient.connect(server.port()).deadline(PATIENCE);
    clients.add(client);
    return client;
  }

  /** The same, and it is one of the silent ones, the youngest of them. */
  private RawClient connectSilently() throws Exception {
    int before = begun.get();
    RawClient client = connect();
    await().until(() -> begun.get() > before);
    return client;
  }

  private static void speak(RawClient client) throws Exception {
    client.send("x");
    assertThat(client.read(1)).isEqualTo("x");
  }

  @Test
  void theOldestSilentOneMakesRoomForOneMoreThanThereMayBe() throws Exception {
    RawClient heard = connect();
    speak(heard);
    RawClient oldest = connectSilently();
    RawClient younger = connectSilently();
    assertThat(oldest.isQuietFor(QUIET)).as("as many as there may be stay").isTrue();
    RawClient fourth = connect();
    speak(fourth);
    assertThat(isCutOff(oldest)).isTrue();
    speak(younger);
    speak(heard);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void thoseThatWereHeardStayAndTheNextOneWaits(boolean heardLate) throws Exception {
    for (int i = 0; i < MOST; i++) {
      RawClient client = connect();
      if (!heardLate) {
        speak(client);
      }
    }
    for (RawClient client : clients) {
      speak(client);
    }
    // Another loop has heard of it, perhaps; the one that accepts is about to.
    await().until(paused::get);
    RawClient waiting = connect();
    waiting.send("x");
    assertThat(waiting.isQuietFor(QUIET)).as("it is in the kernel's queue").isTrue();
    for (RawClient client : clients.subList(0, MOST)) {
      speak(client);
    }
    clients.getFirst().close();
    assertThat(waiting.read(1)).isEqualTo("x");
  }

  private static boolean isCutOff(RawClient client) throws Exception {
    try {
      return client.readToEnd().isEmpty();
    } catch (SocketException e) {
      return true;
    }
  }
}
