// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.PooledByteBufAllocator;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A thousand clients that do not come to the point cost a bounded amount of memory. */
class SlowClientsPairTest {
  private static final int CLIENTS = 1_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

  /** What each has sent, doubled for what a buffer grows in, in both sidecars of this process. */
  private static final long BYTES_PER_CLIENT = 64 * 1024;

  @Test
  void requestsThatDoNotEndHoldNoMoreThanWasSent() throws Exception {
    String begun = "GET / HTTP/1.1\r\nHost: web\r\nX: " + "x".repeat(4_000);
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port())) {
      var allocator = (PooledByteBufAllocator) EventLoops.allocator();
      long before = allocator.metric().usedDirectMemory();
      List<RawClient> clients = new ArrayList<>();
      try {
        for (int i = 0; i < CLIENTS; i++) {
          clients.add(RawClient.connect(pair.client().outboundPort()));
          if (i % 2 == 0) {
            clients.getLast().send(begun);
          }
        }
        long most = 0;
        for (int look = 0; look < 10; look++) {
          try (RawClient other = pair.connect()) {
            other.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
            assertThat(other.readResponse()).as("others are served").isEqualTo(OK);
          }
          most = Math.max(most, allocator.metric().usedDirectMemory() - before);
        }
        assertThat(most).isLessThan(CLIENTS * BYTES_PER_CLIENT);
      } finally {
        for (RawClient client : clients) {
          client.close();
        }
      }
      await().atMost(PATIENCE).until(() -> pair.client().process().openConnections() == 0);
    }
  }
}
