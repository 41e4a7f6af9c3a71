// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.testkit.LastWords;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ends of raw connections and tunnels, as each application sees the other's through two sidecars.
 */
class EndsPairTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String ASK =
      "GET / HTTP/1.1\r\nhost: web\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
  private static final String SWITCHED =
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";

  private final BlockingQueue<ScriptedOrigin.Connection> begun = new LinkedBlockingQueue<>();

  /** Hands each connection to the test, which ends it. */
  private ScriptedOrigin app(boolean tunnel) throws IOException {
    return ScriptedOrigin.start(c -> {
      if (c.readUntil(tunnel ? "\r\n\r\n" : "\n") == null) {
        return; // opened for a server that speaks first, and not needed
      }
      c.send(tunnel ? SWITCHED : "hi\n");
      begun.add(c);
      while (!c.socket().isClosed()) {
        Thread.sleep(20);
      }
    });
  }

  private Socket begin(RawClient client, boolean tunnel) throws Exception {
    if (tunnel) {
      client.send(ASK).readHead();
    } else {
      client.send("\0\n").readUntil("hi\n");
    }
    client.socket().setSoTimeout((int) PATIENCE.toMillis());
    ScriptedOrigin.Connection there = begun.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    if (there == null) {
      throw new IOException("the application was not reached");
    }
    there.socket().setSoTimeout((int) PATIENCE.toMillis());
    return there.socket();
  }

  @ParameterizedTest(name = "tunnel {0}, by the client {1}")
  @CsvSource({"false, true", "false, false", "true, true", "true, false"})
  void aResetIsOneForTheOtherApplicationToo(boolean tunnel, boolean byClient) throws Exception {
    try (ScriptedOrigin app = app(tunnel);
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect().deadline(PATIENCE)) {
      Socket there = begin(client, tunnel);
      Socket resetting = byClient ? client.socket() : there;
      resetting.setSoLinger(true, 0);
      resetting.close();
      Socket other = byClient ? there : client.socket();
      assertThatThrownBy(() -> other.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
    }
  }

  /** Each side may end on its own: the other one still answers, and is heard to its end. */
  @ParameterizedTest(name = "tunnel {0}, by the client {1}")
  @CsvSource({"false, true", "false, false", "true, true", "true, false"})
  void anEndIsNoneOfTheOtherDirection(boolean tunnel, boolean byClient) throws Exception {
    try (ScriptedOrigin app = app(tunnel);
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect().deadline(PATIENCE)) {
      Socket there = begin(client, tunnel);
      Socket ending = byClient ? client.socket() : there;
      Socket other = byClient ? there : client.socket();
      ending.getOutputStream().write("so long".getBytes(StandardCharsets.US_ASCII));
      ending.shutdownOutput();
      assertThat(other.getInputStream().readAllBytes()).asString().isEqualTo("so long");
      for (String piece : List.of("by", "e")) {
        other.getOutputStream().write(piece.getBytes(StandardCharsets.US_ASCII));
        byte[] read = ending.getInputStream().readNBytes(piece.length());
        assertThat(read).asString().isEqualTo(piece);
      }
      other.shutdownOutput();
      assertThat(ending.getInputStream().read()).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSlowReaderGetsEverythingBeforeAnEndEvenIfItGoesOnTalking(boolean tunnel) throws Exception {
    try (ScriptedOrigin app = app(tunnel);
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client =
            RawClient.connectSlowReader(pair.client().outboundPort(), 16 * 1024)
                .deadline(PATIENCE)) {
      Socket there = begin(client, tunnel);
      there.getOutputStream().write(new byte[LastWords.BYTES]);
      LastWords.leave(there, PATIENCE);
      assertThat(LastWords.talkAndRead(client.socket())).isEqualTo(LastWords.BYTES);
    }
  }
}
