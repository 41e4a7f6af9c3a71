// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ServerBuilder;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.testing.integration.AbstractInteropTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The cases that gRPC implementations are tried with against each other (grpc's
 * interop-test-descriptions), with grpc-java on both ends and two sidecars in between.
 */
class GrpcInteropPairTest {
  /** A case by its name in the descriptions. */
  record Case(String name, Run run) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** What a case does. */
  @FunctionalInterface
  interface Run {
    void on(Interop interop) throws Exception;
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case("empty_unary", Interop::emptyUnary),
        new Case("large_unary", Interop::largeUnary),
        new Case("client_streaming", Interop::clientStreaming),
        new Case("server_streaming", Interop::serverStreaming),
        new Case("ping_pong", Interop::pingPong),
        new Case("empty_stream", Interop::emptyStream),
        new Case("custom_metadata", Interop::customMetadata),
        new Case("status_code_and_message", Interop::statusCodeAndMessage),
        new Case("special_status_message", Interop::specialStatusMessage),
        new Case("unimplemented_method", Interop::unimplementedMethod),
        new Case("unimplemented_service", Interop::unimplementedService),
        new Case("cancel_after_begin", Interop::cancelAfterBegin),
        new Case("cancel_after_first_response", Interop::cancelAfterFirstResponse),
        new Case("timeout_on_sleeping_server", Interop::timeoutOnSleepingServer));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void passesThroughTwoSidecars(Case one) throws Exception {
    try (var interop = new Interop()) {
      interop.setUp();
      try {
        one.run().on(interop);
      } finally {
        interop.tearDown();
      }
      // A call that is cancelled at once may not have come so far; and whether the port was open
      // had been tried without TLS.
      assertThat(interop.pair().server().member().report().edges())
          .filteredOn(in -> in.requests() > 0)
          .allSatisfy(in -> assertThat(in.peerIdentity()).isEqualTo(TestMesh.identity("client")));
    }
  }

  /** The cases' code, with a pair of sidecars between its client and its server. */
  static final class Interop extends AbstractInteropTest implements AutoCloseable {
    private final TestMesh mesh;
    private int port;
    private @Nullable SidecarPair pair;

    Interop() {
      this(new TestMesh());
    }

    /** In a mesh that was prepared. */
    Interop(TestMesh mesh) {
      this.mesh = mesh;
    }

    SidecarPair pair() {
      SidecarPair started = pair;
      if (started == null) {
        throw new IllegalStateException("not set up");
      }
      return started;
    }

    @Override
    protected ServerBuilder<?> getServerBuilder() {
      // The cases do not tell which port their server got.
      try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        port = free.getLocalPort();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      return OkHttpServerBuilder.forPort(
          new InetSocketAddress("127.0.0.1", port), InsecureServerCredentials.create());
    }

    @Override
    protected ManagedChannelBuilder<?> createChannelBuilder() {
      try {
        pair = SidecarPair.start(mesh, port);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      return OkHttpChannelBuilder.forAddress("127.0.0.1", pair().client().outboundPort())
          .usePlaintext();
    }

    /** Traces are compared with what the other end saw; a proxy changes sizes and times. */
    @Override
    protected boolean metricsExpected() {
      return false;
    }

    @Override
    public void close() {
      SidecarPair started = pair;
      if (started != null) {
        started.close();
      }
    }
  }
}
