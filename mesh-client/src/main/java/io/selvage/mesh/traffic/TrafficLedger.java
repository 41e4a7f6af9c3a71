// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Edge;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.transport.EventLoops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The recorder. Each event loop counts in a table of its own; from time to time the tables are
 * taken, and their sums added up on the control stream's event loop. Which edges exist is agreed
 * between loops when a loop meets one it has not counted since its table was last taken, so that
 * their number is bounded for the whole process: what comes after is counted under one other peer.
 */
public final class TrafficLedger implements TrafficRecorder {
  /** An edge without traffic or open connections is forgotten after this time. */
  static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(10);

  /** The same once three quarters of the edges there may be exist. */
  static final long CROWDED_IDLE_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** One other peer for each direction takes part in a report too. */
  private static final int OTHERS = Direction.values().length;

  private final EventLoops loops;
  private final EventLoop merging;
  private final LongSupplier nanoTime;
  private final int max;

  private final Map<EdgeKey, Slot> slots = new ConcurrentHashMap<>();
  private final AtomicInteger reserved = new AtomicInteger();
  private final EdgeKey otherInbound = EdgeKey.other(Direction.INBOUND);
  private final EdgeKey otherOutbound = EdgeKey.other(Direction.OUTBOUND);

  private final List<LoopTable> tables = new CopyOnWriteArrayList<>();
  private final FastThreadLocal<LoopTable> table =
      new FastThreadLocal<>() {
        @Override
        protected LoopTable initialValue() {
          LoopTable made = new LoopTable(currentLoop());
          tables.add(made);
          return made;
        }
      };

  /**
   * Guards the sums of all slots and {@link #calls}. Never taken by a loop that carries traffic.
   */
  private final Object sums = new Object();

  private CallTable calls = new CallTable();
  private long sequence;
  private final Taps taps;

  /** Sums of one edge. */
  private static final class Slot {
    final Counts total = new Counts();
    Counts unreported = new Counts();
    long open;
    volatile long activeNanos;

    Slot(long now) {
      activeNanos = now;
    }
  }

  /**
   * An edge as of the last merge.
   *
   * @param open connections open
   */
  record Totals(EdgeKey key, Counts counts, long open) {}

  /** With the limit of {@link TrafficReport#MAX_EDGES}. */
  public TrafficLedger(EventLoops loops, EventLoop merging) {
    this(loops, merging, System::nanoTime, TrafficReport.MAX_EDGES);
  }

  TrafficLedger(EventLoops loops, EventLoop merging, LongSupplier nanoTime, int max) {
    this.loops = loops;
    this.merging = merging;
    this.nanoTime = nanoTime;
    this.taps = new Taps(nanoTime);
    this.max = max - OTHERS;
  }

  /** Tells of single exchanges while somebody asks. */
  public Taps taps() {
    return taps;
  }

  // ---- On loops that carry traffic

  @Override
  public ExchangeObserver exchanges(Function<ExchangeReport, @Nullable EdgeKey> edges) {
    return report -> {
      boolean counts = Classification.counts(report);
      if (!counts && !taps.isActive()) {
        return;
      }
      EdgeKey key = edges.apply(report);
      if (key != null) {
        if (counts) {
          table.get().exchange(key, report);
        }
        taps.exchange(key, report);
      }
    };
  }

  @Override
  public Flow open(EdgeKey key) {
    return table.get().open(key);
  }

  private EventLoop currentLoop() {
    for (EventExecutor executor : loops.workers()) {
      if (executor.inEventLoop()) {
        return (EventLoop) executor;
      }
    }
    throw new IllegalStateException("traffic is recorded on event loops");
  }

  /** The key itself, or that of the other peer if there is no room for one more. */
  private EdgeKey admit(EdgeKey key) {
    if (slots.containsKey(key)) {
      return key;
    }
    EdgeKey other = key.direction() == Direction.INBOUND ? otherInbound : otherOutbound;
    if (key.equals(other)) {
      slots.putIfAbsent(other, new Slot(nanoTime.getAsLong()));
      return other;
    }
    if (reserved.incrementAndGet() > max) {
      reserved.decrementAndGet();
      return admit(other);
    }
    if (slots.putIfAbsent(key, new Slot(nanoTime.getAsLong())) != null) {
      reserved.decrementAndGet();
    }
    return key;
  }

  /** What one event loop has counted since it was last asked. */
  private final class LoopTable {
    final EventLoop loop;
    Map<EdgeKey, Counts> edges = new HashMap<>();
    CallTable calls = new CallTable();

    LoopTable(EventLoop loop) {
      this.loop = loop;
    }

    void exchange(EdgeKey wanted, ExchangeReport report) {
      int grpcStatus = Classification.grpcStatus(report);
      boolean success = Classification.isSuccess(report, grpcStatus);
      long end = report.upstreamHeadNanos != 0 ? report.upstreamHeadNanos : report.endNanos;
      long nanos = report.startNanos == 0 || end == 0 ? -1 : Math.max(0, end - report.startNanos);
      counts(wanted).request(report.status, grpcStatus, success, nanos);
      var request = report.request;
      if (request != null && !wanted.denied()) {
        long micros = Math.max(0, nanos / 1_000);
        calls.request(wanted, request.method(), request.target().path(), success, micros);
      }
    }

    Flow open(EdgeKey wanted) {
      EdgeKey key = edges.containsKey(wanted) ? wanted : admit(wanted);
      counts(key).opened++;
      return new Flow() {
        @Override
        public void transferred(long received, long sent) {
          Counts counts = counts(key);
          counts.received += received;
          counts.sent += sent;
        }

        @Override
        public void close() {
          counts(key).closed++;
        }
      };
    }

    Counts counts(EdgeKey wanted) {
      Counts known = edges.get(wanted);
      return known != null ? known : edges.computeIfAbsent(admit(wanted), any -> new Counts());
    }
  }

  // ---- On the merging loop

  /** Takes what all loops have counted; then runs {@code then} on the merging loop. */
  public void collect(Runnable then) {
    List<LoopTable> all = List.copyOf(tables);
    var left = new AtomicInteger(all.size() + 1);
    Runnable done =
        () -> {
          if (left.decrementAndGet() == 0) {
            prune();
            then.run();
          }
        };
    for (LoopTable one : all) {
      one.loop.execute(() -> {
        Map<EdgeKey, Counts> edges = one.edges;
        CallTable called = one.calls;
        one.edges = new HashMap<>();
        one.calls = new CallTable();
        merging.execute(() -> {
          merge(edges, called);
          done.run();
        });
      });
    }
    merging.execute(done);
  }

  private void merge(Map<EdgeKey, Counts> edges, CallTable called) {
    long now = nanoTime.getAsLong();
    synchronized (sums) {
      edges.forEach((wanted, counts) -> {
        // A loop may have met the edge just before it was forgotten here.
        Slot slot = slots.get(wanted);
        if (slot == null) {
          slot = slots.get(admit(wanted));
        }
        if (slot != null) {
          slot.total.add(counts);
          slot.unreported.add(counts);
          slot.open = Math.max(0, slot.open + counts.opened - counts.closed);
          slot.activeNanos = now;
        }
      });
      calls.add(called);
    }
  }

  private void prune() {
    long now = nanoTime.getAsLong();
    long idle = 4 * reserved.get() > 3 * max ? CROWDED_IDLE_NANOS : IDLE_NANOS;
    synchronized (sums) {
      slots
          .entrySet()
          .removeIf(entry -> {
            Slot slot = entry.getValue();
            boolean gone = slot.open == 0 && now - slot.activeNanos > idle;
            if (gone && !entry.getKey().peer().equals(EdgeKey.OTHER)) {
              reserved.decrementAndGet();
            }
            return gone;
          });
    }
  }

  /**
   * What has been merged since the last report; empty if nothing happened and nothing is open.
   * Counted as reported from then on.
   *
   * @param millis since the last report
   */
  public TrafficReport report(long millis) {
    var edges = new ArrayList<Edge>();
    List<TrafficReport.Call> top;
    synchronized (sums) {
      slots.forEach((key, slot) -> {
        if (slot.open > 0 || !slot.unreported.isEmpty()) {
          edges.add(edge(key, slot));
          slot.unreported = new Counts();
        }
      });
      top = calls.top(TrafficReport.MAX_CALLS);
      calls = new CallTable();
    }
    return new TrafficReport(++sequence, millis, edges, top);
  }

  private static Edge edge(EdgeKey key, Slot slot) {
    Counts counts = slot.unreported;
    return new Edge(
        key.direction(),
        key.peerText(),
        key.port(),
        key.peerIdentity(),
        key.service(),
        key.route(),
        key.security(),
        key.denied(),
        counts.requests,
        counts.successes,
        counts.latencyList(),
        counts.opened,
        slot.open,
        counts.received,
        counts.sent);
  }

  // ---- From any thread

  /** All edges as of the last merge. */
  List<Totals> totals() {
    var all = new ArrayList<Totals>(slots.size());
    synchronized (sums) {
      slots.forEach((key, slot) -> all.add(new Totals(key, slot.total.copy(), slot.open)));
    }
    return all;
  }
}
