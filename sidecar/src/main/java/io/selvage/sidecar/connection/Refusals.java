// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.connection;

import io.netty.channel.Channel;
import io.selvage.proxy.transport.Cut;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes connections for a reason, and keeps count of the reasons. Thread-safe. */
public final class Refusals {
  private static final Logger log = LoggerFactory.getLogger(Refusals.class);
  private static final long LOG_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final LongAdder[] inbound = counters();
  private final LongAdder[] outbound = counters();
  private final AtomicLong nextLog = new AtomicLong(System.nanoTime());
  private final LongAdder unlogged = new LongAdder();

  private static LongAdder[] counters() {
    var counters = new LongAdder[Refusal.values().length];
    for (int i = 0; i < counters.length; i++) {
      counters[i] = new LongAdder();
    }
    return counters;
  }

  /** Closes with a reset: the client learns that this was no end of a conversation. */
  public void reset(Channel channel, Way way, Refusal reason, @Nullable Object detail) {
    if (channel.isOpen()) {
      count(channel.remoteAddress(), way, reason, detail);
      Cut.reset(channel);
    }
  }

  /** Closes in order. */
  public void close(Channel channel, Way way, Refusal reason, @Nullable Object detail) {
    count(channel.remoteAddress(), way, reason, detail);
    channel.close();
  }

  /** Counts a connection that is closed elsewhere. */
  public void count(
      @Nullable SocketAddress client, Way way, Refusal reason, @Nullable Object detail) {
    (way.isInbound() ? inbound : outbound)[reason.ordinal()].increment();
    long now = System.nanoTime();
    long due = nextLog.get();
    if (now - due < 0 || !nextLog.compareAndSet(due, now + LOG_EVERY_NANOS)) {
      unlogged.increment();
      return;
    }
    log.atInfo()
        .addKeyValue("direction", direction(way))
        .addKeyValue("reason", reason.label())
        .addKeyValue("client", client)
        .addKeyValue("detail", detail)
        .addKeyValue("unlogged", unlogged.sumThenReset())
        .log("connection refused");
  }

  /** How often a reason was given. */
  public long count(Way way, Refusal reason) {
    return (way.isInbound() ? inbound : outbound)[reason.ordinal()].sum();
  }

  /** In Prometheus' text format 0.0.4. */
  public String metrics() {
    var text =
        new StringBuilder(
            """
            # HELP selvage_sidecar_refused_connections_total Connections the sidecar closed itself.
            # TYPE selvage_sidecar_refused_connections_total counter
            """);
    for (Way way : new Way[] {Way.INBOUND, Way.OUTBOUND}) {
      for (Refusal reason : Refusal.values()) {
        long count = count(way, reason);
        if (count > 0) {
          text.append("selvage_sidecar_refused_connections_total{direction=\"")
              .append(direction(way))
              .append("\",reason=\"")
              .append(reason.label())
              .append("\"} ")
              .append(count)
              .append('\n');
        }
      }
    }
    return text.toString();
  }

  private static String direction(Way way) {
    return way.isInbound() ? "inbound" : "outbound";
  }
}
