// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import io.selvage.model.mesh.ControlMessage.Tap;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TapEvent;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Tells the control plane of exchanges while it asks for them. While it does not, an exchange costs
 * one volatile read. Traffic never waits: what is too much, by the rate that was asked for or
 * because the stream takes no more, is let fall and counted.
 */
public final class Taps {
  /** Taps at a time; the control plane has fewer, and one more is ignored. */
  static final int MAX_TAPS = 64;

  /** Exchanges on their way to the stream's event loop; those beyond are let fall. */
  static final int MAX_WAITING = 512;

  /** Longer texts are cut. */
  static final int MAX_TEXT = 512;

  /** Fields whose values are secrets. */
  private static final Set<String> SECRET_FIELDS =
      Set.of(
          "x-forwarded-client-cert",
          // Browsers have no other place for a bearer token of a WebSocket.
          "sec-websocket-protocol",
          "dpop");

  /** A field with one of these in its name may hold one. */
  private static final List<String> SECRET_WORDS =
      List.of(
          "auth",
          "token",
          "secret",
          "password",
          "passwd",
          "key",
          "session",
          "credential",
          "cookie",
          "jwt",
          "assertion",
          "oidc",
          "signature");

  private final LongSupplier nanoTime;
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile Live @Nullable [] live;
  private volatile Executor loop = Runnable::run;
  private volatile Predicate<ProxyMessage> stream = _ -> false;

  /** A Tap that is active. */
  private static final class Live {
    final Tap tap;
    final AtomicLong sequence;
    final LongAdder dropped;

    /** The second in the upper half, the exchanges told in it in the lower. */
    final AtomicLong spent = new AtomicLong();

    /**
     * @param before whose place it takes: it counts on
     */
    Live(Tap tap, @Nullable Live before) {
      this.tap = tap;
      sequence = before == null ? new AtomicLong() : before.sequence;
      dropped = before == null ? new LongAdder() : before.dropped;
    }

    boolean matches(RequestHead request, String scheme) {
      return (tap.method().isEmpty() || tap.method().equals(request.method()))
          && (tap.scheme().isEmpty() || tap.scheme().equals(scheme))
          && (tap.authority().isEmpty() || tap.authority().equals(request.authority()))
          && request.target().path().startsWith(tap.pathPrefix());
    }

    boolean take(long nanos) {
      long second = TimeUnit.NANOSECONDS.toSeconds(nanos) & 0x7fffffff;
      while (true) {
        long before = spent.get();
        long count = before >>> 32 == second ? before & 0xffffffffL : 0;
        if (count >= tap.maxPerSecond()) {
          return false;
        }
        if (spent.compareAndSet(before, second << 32 | count + 1)) {
          return true;
        }
      }
    }
  }

  Taps(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Says where what is told goes.
   *
   * @param loop of the stream
   * @param stream sends a message, on the loop, if that needs no waiting
   */
  public void use(Executor loop, Predicate<ProxyMessage> stream) {
    this.loop = loop;
    this.stream = stream;
  }

  /** Begins, replaces or ends a Tap; one caller at a time. */
  public void apply(Tap wanted) {
    var next = new ArrayList<Live>();
    Live before = null;
    Live[] now = live;
    if (now != null) {
      for (Live one : now) {
        if (one.tap.id() != wanted.id()) {
          next.add(one);
        } else {
          before = one;
        }
      }
    }
    if (wanted.maxPerSecond() > 0 && next.size() < MAX_TAPS) {
      next.add(new Live(wanted, before));
    }
    live = next.isEmpty() ? null : next.toArray(Live[]::new);
  }

  /** Ends all of them: whoever asked is gone. */
  public void clear() {
    live = null;
  }

  /** Whether anybody asks. */
  boolean isActive() {
    return live != null;
  }

  /** An exchange has ended; on the event loop it belongs to. */
  void exchange(EdgeKey key, ExchangeReport report) {
    Live[] now = live;
    if (now != null) {
      tell(now, key, report);
    }
  }

  private void tell(Live[] all, EdgeKey key, ExchangeReport report) {
    RequestHead request = report.request;
    ConnectionInfo connection = report.connection;
    if (request == null || connection == null) {
      return;
    }
    String scheme = scheme(request, connection);
    for (Live one : all) {
      if (!one.matches(request, scheme)) {
        continue;
      }
      if (!one.take(nanoTime.getAsLong()) || waiting.get() >= MAX_WAITING) {
        one.dropped.increment();
        continue;
      }
      TapEvent event = event(one, key, report, request, connection, scheme);
      waiting.incrementAndGet();
      loop.execute(() -> {
        waiting.decrementAndGet();
        if (!stream.test(new ProxyMessage.Tapped(one.tap.id(), one.dropped.sum(), event))) {
          one.dropped.increment();
        }
      });
    }
  }

  private static String scheme(RequestHead request, ConnectionInfo connection) {
    String said = request.scheme();
    return said != null ? cut(said) : connection.secure() ? "https" : "http";
  }

  private static TapEvent event(
      Live tap,
      EdgeKey key,
      ExchangeReport report,
      RequestHead request,
      ConnectionInfo connection,
      String scheme) {
    int grpcStatus = Classification.grpcStatus(report);
    boolean inbound = key.direction() == Direction.INBOUND;
    InetSocketAddress server =
        !inbound && report.upstreamAddress != null ? report.upstreamAddress : connection.local();
    long head = report.upstreamHeadNanos;
    return new TapEvent(
        tap.sequence.incrementAndGet(),
        key.direction(),
        text(connection.peer()),
        text(server),
        key.peerText(),
        cut(key.peerIdentity()),
        cut(key.service()),
        cut(key.route()),
        key.security(),
        key.denied() || report.outcome == Outcome.DENIED,
        cut(request.method()),
        scheme,
        cut(request.authority()),
        cut(request.target().path()),
        report.status,
        Math.max(-1, grpcStatus),
        head == 0 || report.startNanos == 0 ? -1 : micros(head - report.startNanos),
        report.startNanos == 0 ? 0 : micros(report.endNanos - report.startNanos),
        Math.max(0, report.requestBytes),
        Math.max(0, report.responseBytes),
        report.outcome.label(),
        isBroken(report),
        tap.tap.headers() ? headers(request.headers()) : List.of());
  }

  private static boolean isBroken(ExchangeReport report) {
    return switch (report.outcome) {
      case UPSTREAM_RESET_MID_RESPONSE, IDLE_TIMEOUT, CLIENT_GONE, INTERNAL -> true;
      default -> report.status == 0;
    };
  }

  private static long micros(long nanos) {
    return Math.max(0, nanos / 1_000);
  }

  private static String text(InetSocketAddress address) {
    String host =
        address.getAddress() == null
            ? address.getHostString()
            : address.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
  }

  private static List<TapEvent.Header> headers(HeaderBlock block) {
    var told = new ArrayList<TapEvent.Header>();
    for (int i = 0; i < block.count() && told.size() < TapEvent.MAX_HEADERS; i++) {
      String name = block.name(i).toLowerCase(Locale.ROOT);
      String value = isSecret(name) ? TapEvent.REDACTED : cut(withoutQuery(block.value(i)));
      told.add(new TapEvent.Header(cut(name), value));
    }
    return told;
  }

  /** An address, as in Referer and X-Original-URL, is told as the path is. */
  private static String withoutQuery(String value) {
    int query = value.indexOf('?');
    boolean address = value.startsWith("/") || value.contains("://");
    return query >= 0 && address ? value.substring(0, query) : value;
  }

  static boolean isSecret(String name) {
    return SECRET_FIELDS.contains(name) || SECRET_WORDS.stream().anyMatch(name::contains);
  }

  private static String cut(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "...";
  }
}
