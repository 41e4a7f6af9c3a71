// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.channel.EventLoop;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Begins exchanges on the snapshot current at that moment. Shared by all event loops. */
public final class Exchanges implements ExchangeFactory {
  private static final Logger LOG = LoggerFactory.getLogger(Exchanges.class);

  private final Supplier<Snapshot> snapshots;
  private final Admission admission;
  private final Function<EventLoop, LoopState> loops;
  private final ExchangeObserver observer;
  private final OverloadGuard guard;
  private final Limits limits;

  /**
   * @param snapshots read once per exchange
   * @param loops the state of a loop, asked on that loop
   */
  public Exchanges(
      Supplier<Snapshot> snapshots,
      Function<EventLoop, LoopState> loops,
      ExchangeObserver observer,
      OverloadGuard guard,
      Limits limits) {
    this(snapshots, loops, observer, guard, limits, Admission.EVERYBODY);
  }

  /**
   * @param snapshots read once per exchange
   * @param loops the state of a loop, asked on that loop
   * @param admission asked once per exchange
   */
  public Exchanges(
      Supplier<Snapshot> snapshots,
      Function<EventLoop, LoopState> loops,
      ExchangeObserver observer,
      OverloadGuard guard,
      Limits limits,
      Admission admission) {
    this.snapshots = snapshots;
    this.admission = admission;
    this.loops = loops;
    this.observer = observer;
    this.guard = guard;
    this.limits = limits;
  }

  @Override
  public RequestSink onRequest(DownstreamStream stream, boolean end) {
    var exchange =
        new Exchange(stream, snapshots.get(), loops.apply(stream.eventLoop()), this, end);
    boolean admitted = guard.enter();
    try {
      exchange.start(admitted);
    } catch (RuntimeException e) {
      // The codec does not know the exchange yet, so nobody else could end it.
      LOG.atError().setCause(e).log("an exchange failed by a fault of ours");
      exchange.fail();
    }
    return exchange;
  }

  @Override
  public void onRejected(ConnectionInfo connection, Rejection rejection, String rawRequestLine) {
    var report = new ExchangeReport();
    report.connection = connection;
    report.rejection = rejection;
    report.rawRequestLine = rawRequestLine;
    report.status = rejection.status();
    report.outcome = outcomeOf(rejection);
    report.startMillis = System.currentTimeMillis();
    report.startNanos = System.nanoTime();
    report.endNanos = report.startNanos;
    observer.onEnd(report);
  }

  static Outcome outcomeOf(Rejection rejection) {
    return switch (rejection.status()) {
      case 408 -> Outcome.CLIENT_TIMEOUT;
      case 403, 421, 426 -> Outcome.DENIED;
      default -> Outcome.REJECTED;
    };
  }

  ExchangeObserver observer() {
    return observer;
  }

  OverloadGuard guard() {
    return guard;
  }

  Limits limits() {
    return limits;
  }

  Admission admission() {
    return admission;
  }
}
