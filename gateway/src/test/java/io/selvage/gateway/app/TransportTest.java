// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandle;
import io.selvage.gateway.fixture.Manifests;
import io.selvage.gateway.fixture.NamedOrigin;
import io.selvage.gateway.fixture.TestGatewayProcess;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.transport.VertxLoops;
import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The switch changes what carries the bytes, and nothing else. */
final class TransportTest {
  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void servesOnEveryTransport(TransportKind transport) throws Exception {
    try (NamedOrigin origin = NamedOrigin.start("web");
        TestGatewayProcess gateway =
            TestGatewayProcess.start(
                CompileOptions.defaults(), GatewayProcess.Hooks.none(), transport)) {
      gateway.put(
          Manifests.ingress("web", "web.example", "/", "web"),
          Manifests.service("web"),
          Manifests.slice("web", origin.port()));

      assertThat(gateway.servedBy("web.example", "/")).isEqualTo("web");
    }
  }

  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void runsOnTheTransportThatWasAskedFor(TransportKind transport) throws Exception {
    assumeTrue(
        transport != TransportKind.IO_URING || IoUring.isAvailable(),
        "this kernel offers no io_uring");
    Vertx vertx = VertxLoops.create(transport, 1);
    try {
      EventLoopGroup loops = VertxLoops.of(vertx).workers();
      assertThat(loops).isInstanceOf(IoEventLoopGroup.class);
      assertThat(((IoEventLoopGroup) loops).isCompatible(handle(transport))).isTrue();
      assertThat(VertxLoops.of(vertx).kind()).isEqualTo(transport);
    } finally {
      vertx.close().await(10, TimeUnit.SECONDS);
    }
  }

  private static Class<? extends io.netty.channel.IoHandle> handle(TransportKind transport) {
    return switch (transport) {
      case EPOLL -> EpollIoHandle.class;
      case IO_URING -> IoUringIoHandle.class;
      case NIO -> NioIoHandle.class;
    };
  }
}
