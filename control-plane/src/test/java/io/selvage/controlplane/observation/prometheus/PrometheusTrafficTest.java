// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.controlplane.observation.UnaskedTraffic;
import io.selvage.controlplane.observation.query.Answer;
import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.query.QueryException.Fault;
import io.selvage.controlplane.observation.query.TrafficTables;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.mesh.ProxyKind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Against a server that takes connections and says nothing until it hangs up. */
class PrometheusTrafficTest {
  private static final EdgesRequest EDGES =
      new EdgesRequest(ResourceType.DEPLOYMENT, Optional.empty());

  private static PrometheusTraffic traffic(int port) {
    var directory = new WorkloadDirectory();
    return new PrometheusTraffic(
        URI.create("http://127.0.0.1:" + port),
        Runnable::run,
        directory,
        new TrafficTables(directory, Set::of),
        pod -> ProxyKind.SIDECAR,
        new UnaskedTraffic(),
        "cluster.local",
        () -> 0);
  }

  @Test
  void questionsBeyondTheLimitAreRefusedUntilOthersAreAnswered() throws Exception {
    try (var silent = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        var traffic = traffic(silent.getLocalPort())) {
      var waiting = new ArrayList<CompletableFuture<Answer<EdgeRow>>>();
      for (int i = 0; i < PrometheusTraffic.MAX_QUESTIONS; i++) {
        waiting.add(traffic.edges(EDGES).toCompletableFuture());
      }
      assertThat(waiting).noneMatch(CompletableFuture::isDone);
      assertFault(traffic.edges(EDGES), Fault.BUSY);

      Thread.ofPlatform().daemon().start(() -> hangUp(silent));
      for (var question : waiting) {
        assertFault(question, Fault.PROMETHEUS);
      }
      // There is room again.
      assertFault(traffic.edges(EDGES), Fault.PROMETHEUS);
    }
  }

  private static void hangUp(ServerSocket server) {
    while (!server.isClosed()) {
      try (Socket socket = server.accept()) {
        socket.setSoLinger(true, 0);
      } catch (IOException _) {
        return;
      }
    }
  }

  private static void assertFault(CompletionStage<Answer<EdgeRow>> answer, Fault fault) {
    assertThatThrownBy(() -> answer.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .cause()
        .isInstanceOfSatisfying(QueryException.class, e -> assertThat(e.fault()).isEqualTo(fault));
  }
}
