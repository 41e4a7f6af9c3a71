// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static io.selvage.model.routing.HostPattern.any;
import static io.selvage.proxy.listener.ListenerFixture.binding;
import static io.selvage.proxy.listener.ListenerFixture.connect;
import static io.selvage.proxy.listener.ListenerFixture.listener;
import static io.selvage.proxy.listener.ListenerTlsTest.assertEnds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.model.routing.ListenerSpec.TlsMode;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.listener.ListenerObserver.Refusal;
import io.selvage.testkit.TestCa;
import java.io.IOException;
import java.net.Socket;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How long a handshake may take, and how large it may become, over real sockets. */
class OpeningLimitsTest {
  private static final TestCa CA = TestCa.root("root");
  private static final byte[] HELLO = ClientHellos.build(0x0303, "a.example");
  private static final int RECORD_AND_MESSAGE_HEADER = 9;
  private static final long DEADLINE_MILLIS = 300;

  /** Less than any other limit here, and than {@link #HELLO} takes in drops. */
  private static final long FAR_BEYOND_MILLIS = 9_000;

  private ListenerFixture fixture;

  @AfterEach
  void stop() throws Exception {
    fixture.close();
  }

  /** Nothing at all, one byte, half a hello, and a whole one that is never followed by Finished. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 60, -1})
  void endsAHandshakeThatTakesTooLong(int bytes) throws Exception {
    int port = serve(handshake(DEADLINE_MILLIS, 16 * 1024));
    try (Socket socket = connect(port)) {
      long start = System.nanoTime();
      socket.getOutputStream().write(bytes < 0 ? HELLO : Arrays.copyOf(HELLO, bytes));
      // A whole hello is answered; what counts is that the end comes.
      readToEnd(socket);
      assertThat((System.nanoTime() - start) / 1_000_000)
          .isBetween(DEADLINE_MILLIS - 20, FAR_BEYOND_MILLIS);
    }
    assertThat(fixture.observer.refusals).containsExactly(Refusal.TIMEOUT);
    await().until(() -> fixture.observer.closed.get() == 1);
  }

  @Test
  void doesNotLetADrippingHelloMoveTheDeadline() throws Exception {
    int port = serve(handshake(DEADLINE_MILLIS, 16 * 1024));
    try (Socket socket = connect(port)) {
      socket.setTcpNoDelay(true);
      long start = System.nanoTime();
      Thread drip =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  for (byte one : HELLO) {
                    socket.getOutputStream().write(one);
                    Thread.sleep(200);
                  }
                } catch (IOException | InterruptedException e) {
                  // The end that is waited for.
                }
              });
      assertEnds(socket);
      assertThat((System.nanoTime() - start) / 1_000_000).isLessThan(FAR_BEYOND_MILLIS);
      drip.interrupt();
      drip.join();
    }
    assertThat(fixture.observer.refusals).containsExactly(Refusal.TIMEOUT);
  }

  @Test
  void takesAHelloOfTheGreatestLengthAndRefusesOneByteMore() throws Exception {
    int length = HELLO.length - RECORD_AND_MESSAGE_HEADER;
    int atLimit = serve(handshake(10_000, length));
    try (Socket socket = connect(atLimit)) {
      socket.getOutputStream().write(HELLO);
      assertThat(socket.getInputStream().read()).as("a ServerHello").isEqualTo(0x16);
    }
    assertThat(fixture.observer.refusals).doesNotContain(Refusal.CLIENT_HELLO);
    fixture.close();

    int beyond = serve(handshake(10_000, length - 1));
    try (Socket socket = connect(beyond)) {
      socket.getOutputStream().write(HELLO);
      byte[] alert = socket.getInputStream().readNBytes(7);
      assertThat(alert[0]).isEqualTo((byte) 0x15);
      assertThat(alert[6]).as("decode_error").isEqualTo((byte) 50);
      assertEnds(socket);
    }
    assertThat(fixture.observer.refusals).containsExactly(Refusal.CLIENT_HELLO);
  }

  @Test
  void refusesAClaimOfSixteenMegabytesWithoutWaitingForThem() throws Exception {
    int port = serve(handshake(10_000, 16 * 1024));
    try (Socket socket = connect(port)) {
      socket.getOutputStream().write(new byte[] {0x16, 3, 1, 0x40, 0, 1, (byte) 0xff, -1, -1, 3});
      assertThat(socket.getInputStream().readNBytes(7)[6]).as("decode_error").isEqualTo((byte) 50);
      assertEnds(socket);
    }
    assertThat(fixture.observer.refusals).containsExactly(Refusal.CLIENT_HELLO);
  }

  private int serve(Limits limits) {
    fixture = new ListenerFixture(limits);
    return fixture.serve(
        listener().tls(TlsMode.REQUIRED, binding("a", CA.serverFor("a.example"), any())).build());
  }

  private static Limits handshake(long millis, int helloBytes) {
    return Limits.DEFAULT.withHandshake(new Limits.Handshake(millis, helloBytes, 5_000, 4096));
  }

  private static void readToEnd(Socket socket) throws IOException {
    try {
      socket.getInputStream().readAllBytes();
    } catch (java.net.SocketException reset) {
      assertThat(reset).hasMessageContaining("reset");
    }
  }
}
