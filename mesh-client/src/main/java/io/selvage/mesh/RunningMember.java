// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.selvage.identity.workload.RenewalClock;
import io.selvage.identity.workload.WorkloadCertificate;
import io.selvage.mesh.discovery.DestinationTable;
import io.selvage.mesh.discovery.Destinations;
import io.selvage.mesh.discovery.InboundFeed;
import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.mesh.identity.IdentityKeeper;
import io.selvage.mesh.link.CertifyClient;
import io.selvage.mesh.link.ControlAddresses;
import io.selvage.mesh.link.ControlStream;
import io.selvage.mesh.traffic.MetricsText;
import io.selvage.mesh.traffic.TrafficLedger;
import io.selvage.mesh.traffic.TrafficMetrics;
import io.selvage.mesh.traffic.TrafficRecorder;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A member that runs: one thread for what may block, one event loop for everything else. */
final class RunningMember implements MeshMember, ControlStream.Receiver {
  private static final Logger LOG = LoggerFactory.getLogger(RunningMember.class);

  private static final long MIN_REPORT_MILLIS = 500;
  private static final long MAX_REPORT_MILLIS = 60_000;

  private static final long REST_SECONDS = 60;

  private final EventLoop loop;
  private final ScheduledThreadPoolExecutor worker;
  private final IdentityKeeper identity;
  private final ControlStream stream;
  private final DestinationTable destinations;
  private final InboundFeed inbound;
  private final PodDirectory pods = new PodDirectory();
  private final TrafficLedger ledger;
  private final TrafficMetrics trafficMetrics;
  private final ScheduledFuture<?> resting;
  private final StateAge age = new StateAge(System::nanoTime);

  // On the loop only.
  private long reportMillis;
  private long reportedNanos = System.nanoTime();
  private @Nullable ScheduledFuture<?> reporting;
  private boolean closed;

  private final AtomicLong droppedReports = new AtomicLong();

  private RunningMember(MeshOptions options, EventLoops loops, MeshTls tls, InstantSource clock) {
    loop = loops.next();
    worker = newWorker();
    destinations = new DestinationTable(loop);
    inbound = new InboundFeed(options.inbound());
    ledger = new TrafficLedger(loops, loop);
    trafficMetrics = new TrafficMetrics(ledger);
    reportMillis = clampReport(options.reportInterval().toMillis());
    var random = new SecureRandom();
    var addresses = new ControlAddresses(options.controlPlane());
    String controlIdentity = options.controlIdentity().uri();
    identity =
        new IdentityKeeper(
            options,
            tls,
            new CertifyClient(loop, addresses, tls, controlIdentity),
            new RenewalClock(random),
            clock,
            worker,
            this::onIdentity);
    stream =
        new ControlStream(
            loop,
            addresses,
            tls,
            controlIdentity,
            () ->
                new ProxyMessage.Hello(
                    MeshProtocol.VERSION,
                    options.pod(),
                    options.kind(),
                    options.software(),
                    identity.fingerprint()),
            this,
            worker,
            clock,
            random);
    ledger.taps().use(loop, this::offer);
    destinations.use(DestinationTable.Line.of(stream));
    resting =
        loop.scheduleAtFixedRate(
            destinations::restIdle, REST_SECONDS, REST_SECONDS, TimeUnit.SECONDS);
  }

  static RunningMember start(
      MeshOptions options, EventLoops loops, MeshTls tls, InstantSource clock, long tickMillis) {
    var member = new RunningMember(options, loops, tls, clock);
    member.worker.scheduleWithFixedDelay(member::tick, 0, tickMillis, TimeUnit.MILLISECONDS);
    member.stream.start();
    member.loop.execute(member::scheduleReport);
    return member;
  }

  private static ScheduledThreadPoolExecutor newWorker() {
    var worker =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              var thread = new Thread(task, "mesh-identity");
              thread.setDaemon(true);
              return thread;
            });
    worker.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    return worker;
  }

  /** A fault of ours must not end the renewals. */
  private void tick() {
    try {
      identity.tick();
    } catch (RuntimeException e) {
      LOG.atError().setCause(e).log("keeping the certificate failed");
    }
  }

  private void onIdentity(boolean renewed) {
    if (renewed) {
      stream.wake();
    }
    WorkloadCertificate certificate = identity.certificate();
    if (certificate != null) {
      var state =
          new ProxyMessage.State(identity.fingerprint(), certificate.notAfter().toEpochMilli());
      loop.execute(() -> stream.send(state));
    }
  }

  // ---- The stream

  @Override
  public void onConnected(ControlMessage.Welcome welcome) {
    try {
      worker.execute(identity::onBelieved);
    } catch (RejectedExecutionException e) {
      LOG.atDebug().log("welcomed while closing");
    }
    age.connected();
    if (welcome.reportMillis() > 0) {
      reportMillis = clampReport(welcome.reportMillis());
    }
    WorkloadCertificate certificate = identity.certificate();
    if (certificate != null) {
      stream.send(
          new ProxyMessage.State(identity.fingerprint(), certificate.notAfter().toEpochMilli()));
    }
    destinations.onConnected();
  }

  @Override
  public void onMessage(ControlMessage message) {
    switch (message) {
      case ControlMessage.Welcome _ -> LOG.atDebug().log("welcomed twice");
      case ControlMessage.Bundle bundle -> {
        try {
          worker.execute(() -> identity.onBundle(bundle));
        } catch (RejectedExecutionException e) {
          LOG.atDebug().log("a bundle came while closing");
        }
      }
      case ControlMessage.Inbound(var settings) -> inbound.apply(settings);
      case ControlMessage.Destination(long id, var update) -> destinations.apply(id, update);
      case ControlMessage.Age(long millis) -> age.told(millis);
      case ControlMessage.Tap tap -> ledger.taps().apply(tap);
      case ControlMessage.Workloads workloads -> pods.apply(workloads);
    }
  }

  @Override
  public void onUnbelieved(Optional<Instant> end) {
    try {
      worker.execute(() -> identity.onUnbelieved(end));
    } catch (RejectedExecutionException e) {
      LOG.atDebug().log("refused while closing");
    }
  }

  @Override
  public void onDisconnected() {
    age.lost();
    ledger.taps().clear();
    destinations.onDisconnected();
  }

  // ---- Reports

  private static long clampReport(long millis) {
    return Math.clamp(millis, MIN_REPORT_MILLIS, MAX_REPORT_MILLIS);
  }

  private void scheduleReport() {
    if (!closed) {
      reporting =
          loop.schedule(() -> ledger.collect(this::report), reportMillis, TimeUnit.MILLISECONDS);
    }
  }

  private void report() {
    long now = System.nanoTime();
    long millis = TimeUnit.NANOSECONDS.toMillis(now - reportedNanos);
    switch (ReportTurn.of(stream.canOffer(), millis, reportMillis)) {
      case SEND -> {
        reportedNanos = now;
        send(ledger.report(millis));
      }
      case KEEP -> LOG.atDebug().log("the control plane takes no report; the next one has it all");
      case DROP -> {
        reportedNanos = now;
        ledger.report(millis);
        droppedReports.incrementAndGet();
      }
    }
    scheduleReport();
  }

  /** Sends what may be lost. */
  private boolean offer(ProxyMessage message) {
    try {
      return stream.offer(message);
    } catch (IllegalArgumentException e) {
      LOG.atDebug().log("a message is too large to be sent: {}", e.getMessage());
      return false;
    }
  }

  private void send(TrafficReport report) {
    try {
      if (stream.offer(new ProxyMessage.Report(report))) {
        return;
      }
    } catch (IllegalArgumentException e) {
      LOG.atWarn().log("a traffic report is too large to be sent: {}", e.getMessage());
    }
    droppedReports.incrementAndGet();
  }

  // ---- MeshMember

  @Override
  public Destinations destinations() {
    return destinations;
  }

  @Override
  public InboundFeed inbound() {
    return inbound;
  }

  @Override
  public PodDirectory pods() {
    return pods;
  }

  @Override
  public TrafficRecorder traffic() {
    return ledger;
  }

  @Override
  public Optional<String> missing() {
    return identity.missing();
  }

  @Override
  public boolean isConnected() {
    return stream.isConnected();
  }

  @Override
  public String metrics() {
    var text = new MetricsText();
    MemberMetrics.write(text, identity, stream, age, droppedReports.get(), destinations.size());
    trafficMetrics.write(text);
    return text.toString();
  }

  @Override
  public void close() {
    stream.close();
    worker.shutdown();
    loop.execute(() -> {
      closed = true;
      resting.cancel(false);
      if (reporting != null) {
        reporting.cancel(false);
      }
    });
  }
}
