// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import io.selvage.model.mesh.ProtocolHint;
import io.selvage.testkit.RawClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * client - outbound sidecar - mutual TLS - inbound sidecar - application, all on loopback. The
 * client asks for a Service at an address that exists nowhere.
 */
final class SidecarPair implements AutoCloseable {
  static final InetSocketAddress SERVICE = new InetSocketAddress("10.96.0.1", 80);

  private final TestMesh mesh;
  private final TestSidecar server;
  private final TestSidecar client;

  private SidecarPair(TestMesh mesh, int appPort, ProtocolHint hint, String... flags)
      throws IOException {
    this.mesh = mesh;
    server =
        TestSidecar.start(
            mesh, "server", with(flags, "--inbound=127.0.0.1:0=127.0.0.1:" + appPort));
    mesh.answer(
        SERVICE,
        TestMesh.service(
            hint, TestMesh.endpoint(server.inboundPort(), TestMesh.identity("server"))));
    client = TestSidecar.start(mesh, "client", with(flags, "--outbound=127.0.0.1:0=10.96.0.1:80"));
  }

  private static String[] with(String[] flags, String more) {
    return Stream.concat(Arrays.stream(flags), Stream.of(more)).toArray(String[]::new);
  }

  /** In front of an application on a port of loopback. */
  static SidecarPair start(int appPort, String... flags) throws IOException {
    return new SidecarPair(new TestMesh(), appPort, ProtocolHint.DETECT, flags);
  }

  /** In a mesh that was prepared. */
  static SidecarPair start(TestMesh mesh, int appPort, String... flags) throws IOException {
    return new SidecarPair(mesh, appPort, ProtocolHint.DETECT, flags);
  }

  /** With a Service that says what it speaks. */
  static SidecarPair start(int appPort, ProtocolHint hint, String... flags) throws IOException {
    return new SidecarPair(new TestMesh(), appPort, hint, flags);
  }

  /** A connection as the client's application makes it. */
  RawClient connect() throws IOException {
    return RawClient.connect(client.outboundPort()).deadline(Duration.ofSeconds(20));
  }

  TestMesh mesh() {
    return mesh;
  }

  TestSidecar server() {
    return server;
  }

  TestSidecar client() {
    return client;
  }

  @Override
  public void close() {
    client.close();
    server.close();
  }
}
