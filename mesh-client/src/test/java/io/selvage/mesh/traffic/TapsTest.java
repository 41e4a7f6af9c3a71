// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.mesh.ControlMessage.Tap;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TapEvent;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTarget;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TapsTest {
  private static final long MICRO = 1_000;

  private final AtomicLong now = new AtomicLong(1_000_000_000L);
  private final Taps taps = new Taps(now::get);
  private final ArrayDeque<Runnable> loop = new ArrayDeque<>();
  private final List<ProxyMessage.Tapped> sent = new ArrayList<>();
  private boolean takes = true;

  @BeforeEach
  void use() {
    taps.use(
        loop::add,
        message -> {
          if (takes) {
            sent.add((ProxyMessage.Tapped) message);
          }
          return takes;
        });
  }

  private static Tap tap(long id, int perSecond) {
    return new Tap(id, perSecond, "", "", "", "", false);
  }

  private static ExchangeReport exchange(String method, String path) {
    var report = new ExchangeReport();
    var head = new RequestHead();
    head.setMethod(method);
    head.setAuthority("shop:80", "shop");
    head.setTarget(new RequestTarget(path, "card=4111", true));
    report.request = head;
    report.connection =
        new ConnectionInfo(
            "out",
            "out",
            new InetSocketAddress(InetAddress.ofLiteral("10.0.0.1"), 4000),
            new InetSocketAddress(InetAddress.ofLiteral("10.96.0.1"), 80),
            HttpVersion.HTTP_1_1,
            false,
            null,
            null,
            null,
            null);
    report.upstreamAddress = new InetSocketAddress(InetAddress.ofLiteral("fd00::2"), 8080);
    report.outcome = Outcome.OK;
    report.status = 200;
    report.startNanos = 1;
    report.upstreamHeadNanos = 1 + 250 * MICRO;
    report.endNanos = 1 + 900 * MICRO;
    report.responseBytes = 12;
    return report;
  }

  private static EdgeKey key() {
    return new EdgeKey(
        Direction.OUTBOUND,
        InetAddress.ofLiteral("fd00::2"),
        8080,
        "spiffe://cluster.local/ns/shop/sa/web",
        "shop/web:80",
        "r",
        Security.SECURED,
        false);
  }

  private void happens(String method, String path) {
    taps.exchange(key(), exchange(method, path));
  }

  private void run() {
    while (!loop.isEmpty()) {
      loop.remove().run();
    }
  }

  @Test
  void nothingIsToldUnlessSomebodyAsks() {
    happens("GET", "/");
    assertThat(taps.isActive()).isFalse();
    assertThat(loop).isEmpty();
    taps.apply(tap(1, 10));
    happens("GET", "/");
    taps.apply(Tap.end(1));
    assertThat(taps.isActive()).isFalse();
    happens("GET", "/");
    run();
    assertThat(sent).hasSize(1);
  }

  @Test
  void anExchangeIsToldWithoutItsQuery() {
    taps.apply(tap(7, 10));
    happens("POST", "/buy");
    run();
    ProxyMessage.Tapped told = sent.getFirst();
    assertThat(told.id()).isEqualTo(7);
    assertThat(told.event())
        .isEqualTo(
            new TapEvent(
                1,
                Direction.OUTBOUND,
                "10.0.0.1:4000",
                "[fd00:0:0:0:0:0:0:2]:8080",
                told.event().peer(),
                "spiffe://cluster.local/ns/shop/sa/web",
                "shop/web:80",
                "r",
                Security.SECURED,
                false,
                "POST",
                "http",
                "shop:80",
                "/buy",
                200,
                -1,
                250,
                900,
                0,
                12,
                "ok",
                false,
                List.of()));
    assertThat(told.toString()).doesNotContain("4111");
  }

  @Test
  void filtersAreThoseOfTheTap() {
    taps.apply(new Tap(1, 100, "GET", "", "", "/a", false));
    taps.apply(new Tap(2, 100, "", "https", "", "", false));
    taps.apply(new Tap(3, 100, "", "http", "shop:80", "", false));
    taps.apply(new Tap(4, 100, "", "", "other", "", false));
    happens("GET", "/a/b");
    happens("GET", "/b");
    happens("PUT", "/a");
    run();
    assertThat(sent).extracting(ProxyMessage.Tapped::id).containsExactly(1L, 3L, 3L, 3L);
  }

  @Test
  void whatIsTooMuchIsCountedAndTheNextSecondIsNew() {
    taps.apply(tap(1, 3));
    for (int i = 0; i < 5; i++) {
      happens("GET", "/");
    }
    run();
    assertThat(sent).hasSize(3);
    now.addAndGet(1_000_000_000L);
    happens("GET", "/");
    run();
    assertThat(sent.getLast().dropped()).isEqualTo(2);
    assertThat(sent.getLast().event().sequence()).isEqualTo(4);
    taps.apply(tap(1, 1));
    happens("GET", "/");
    run();
    assertThat(sent.getLast().event().sequence()).as("it counts on").isEqualTo(5);
  }

  @Test
  void aStreamThatTakesNoMoreSlowsNobody() {
    taps.apply(tap(1, Tap.MAX_PER_SECOND));
    for (int i = 0; i < Taps.MAX_WAITING + 1; i++) {
      happens("GET", "/");
    }
    assertThat(loop).hasSize(Taps.MAX_WAITING);
    takes = false;
    run();
    takes = true;
    happens("GET", "/");
    run();
    assertThat(sent).hasSize(1);
    assertThat(sent.getFirst().dropped()).isEqualTo(Taps.MAX_WAITING + 1);
  }

  @Test
  void thereAreOnlySoManyTaps() {
    for (int i = 1; i <= Taps.MAX_TAPS + 1; i++) {
      taps.apply(tap(i, 1));
    }
    happens("GET", "/");
    assertThat(loop).hasSize(Taps.MAX_TAPS);
    taps.clear();
    assertThat(taps.isActive()).isFalse();
  }

  @Test
  void secretsAreNotTold() {
    taps.apply(new Tap(1, 10, "", "", "", "", true));
    ExchangeReport report = exchange("GET", "/");
    RequestHead head = report.request;
    assertThat(head).isNotNull();
    head.headers().add("Accept", "text/html");
    head.headers().add("Authorization", "Bearer abc");
    head.headers().add("X-Session-Id", "abc");
    head.headers().add("Cookie", "id=abc");
    head.headers().add("X-Api-Key", "abc");
    head.headers().add("X-Api_Key", "abc");
    head.headers().add("X-Auth-User-Pass", "abc");
    head.headers().add("X-Goog-IAP-JWT-Assertion", "abc");
    head.headers().add("X-Amzn-Oidc-Data", "abc");
    head.headers().add("Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io.abc");
    head.headers().add("Referer", "https://shop.example/reset?code=abc");
    head.headers().add("X-Original-URL", "/reset?code=abc");
    head.headers().add("X-Question", "what?");
    taps.exchange(key(), report);
    run();
    assertThat(sent.getFirst().event().headers())
        .contains(new TapEvent.Header("accept", "text/html"))
        .contains(new TapEvent.Header("authorization", TapEvent.REDACTED))
        .contains(new TapEvent.Header("referer", "https://shop.example/reset"))
        .contains(new TapEvent.Header("x-original-url", "/reset"))
        .contains(new TapEvent.Header("x-question", "what?"))
        .extracting(TapEvent.Header::value)
        .noneMatch(value -> value.contains("abc"));
  }

  @Test
  void thereAreOnlySoManyFieldsAndTheyAreCut() {
    taps.apply(new Tap(1, 10, "", "", "", "", true));
    ExchangeReport report = exchange("GET", "/" + "a".repeat(3_000));
    RequestHead head = report.request;
    assertThat(head).isNotNull();
    for (int i = 0; i < TapEvent.MAX_HEADERS + 1; i++) {
      head.headers().add("h" + i, "v".repeat(3_000));
    }
    taps.exchange(key(), report);
    run();
    TapEvent event = sent.getFirst().event();
    assertThat(event.headers()).hasSize(TapEvent.MAX_HEADERS);
    assertThat(event.headers().getFirst().value()).hasSize(Taps.MAX_TEXT + 3);
    assertThat(event.path()).hasSize(Taps.MAX_TEXT + 3);
  }

  @Test
  void whatBrokeOffIsCalledSo() {
    taps.apply(tap(1, 10));
    ExchangeReport gone = exchange("GET", "/");
    gone.outcome = Outcome.CLIENT_GONE;
    gone.status = 0;
    gone.upstreamHeadNanos = 0;
    taps.exchange(key(), gone);
    run();
    TapEvent event = sent.getFirst().event();
    assertThat(event.broken()).isTrue();
    assertThat(event.outcome()).isEqualTo("client_gone");
    assertThat(event.latencyMicros()).isEqualTo(-1);
  }
}
