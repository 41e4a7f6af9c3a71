// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The pod that is asked is replaced while a rotation runs. */
class RotationWatchTest {
  private static final String RUNNING =
      "{\"trustDomain\":\"cluster.local\",\"rotation\":{\"phase\":\"trusting\",\"active\":true}}";
  private static final String DONE =
      "{\"trustDomain\":\"cluster.local\",\"rotation\":{\"phase\":\"done\",\"active\":false}}";

  private final AtomicInteger failures = new AtomicInteger();

  @Test
  void anotherPodIsAskedOnceTheFirstOneHasGone() throws Exception {
    HttpServer gone = server(RUNNING);
    HttpServer next = server(DONE);
    String before = url(gone);
    gone.stop(0);
    var out = new StringWriter();
    var err = new StringWriter();
    try (var client = new IdentityClient(reach(before))) {
      int code =
          new RotationWatch(
                  client,
                  () -> {
                    if (failures.incrementAndGet() == 1) {
                      throw CommandFailure.unreachable("no pod is ready");
                    }
                    return reach(url(next));
                  },
                  new PrintWriter(out, true),
                  new PrintWriter(err, true))
              .follow(new ObjectMapper().readTree(RUNNING));
      assertThat(code).isZero();
      assertThat(client.reach().url()).isEqualTo(URI.create(url(next)));
    } finally {
      next.stop(0);
    }
    assertThat(failures).as("tried again after none was ready").hasValue(2);
    assertThat(err.toString()).contains("Watching the control plane at " + url(next));
    assertThat(out.toString().lines()).hasSize(2);
  }

  private static ControlPlaneReach reach(String url) throws CommandFailure {
    return ControlPlaneReach.open(
        Optional.of(URI.create(url)),
        new KubeOptions(),
        "selvage",
        0,
        1,
        new PrintWriter(new StringWriter()));
  }

  private static String url(HttpServer server) {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private static HttpServer server(String answer) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] body = answer.getBytes(UTF_8);
          exchange.getResponseHeaders().set("content-type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    return server;
  }
}
