// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.process;

import io.selvage.mesh.MeshMember;
import io.selvage.mesh.MeshOptions;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.proxy.admin.Readiness;
import io.selvage.proxy.engine.DataPath;
import io.selvage.proxy.engine.DataPlaneOptions;
import io.selvage.proxy.listener.ListenerServer;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.sidecar.admin.AdminPages;
import io.selvage.sidecar.admin.AdminPort;
import io.selvage.sidecar.connection.OwnListeners;
import io.selvage.sidecar.connection.Refusals;
import io.selvage.sidecar.connection.SidecarTraffic;
import io.selvage.sidecar.detect.DetectionSettings;
import io.selvage.sidecar.inbound.InboundStack;
import io.selvage.sidecar.logging.LogLevels;
import io.selvage.sidecar.options.AddressPair;
import io.selvage.sidecar.options.SidecarOptions;
import io.selvage.sidecar.origdst.OriginalDestinations;
import io.selvage.sidecar.outbound.OutboundStack;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running sidecar. It listens before it has a certificate, and is ready only while it has a valid
 * one; without a control plane it keeps asking for as long as it takes. Thread-safe.
 */
public final class SidecarProcess implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SidecarProcess.class);
  private static final long LOOK_MILLIS = 100;

  /** How long connections that are being closed may take to say so. */
  private static final long CLOSING_MILLIS = 1_000;

  private final SidecarOptions options;
  private final EventLoops loops;
  private final MeshTls tls;
  private final Readiness readiness = new Readiness();
  private final AcceptCounter accepts = new AcceptCounter();
  private final Refusals refusals = new Refusals();
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();
  private final List<ListenerServer> inboundListeners = new ArrayList<>();
  private final List<ListenerServer> outboundListeners = new ArrayList<>();
  private final MeshMember member;
  private final DataPath path;
  private final InboundStack inbound;
  private final OutboundStack outbound;
  private @Nullable AdminPort admin;
  private @Nullable Departure departure;
  private volatile boolean asked;
  private boolean closed;

  /** Makes the membership; a test may make another one. */
  @FunctionalInterface
  public interface Membership {
    MeshMember begin(MeshOptions options, EventLoops loops, MeshTls tls);
  }

  private SidecarProcess(SidecarOptions options, EventLoops loops, MeshTls tls, MeshMember member) {
    this.options = options;
    this.loops = loops;
    this.tls = tls;
    this.member = member;
    Set<InetAddress> podIps = new HashSet<>(options.podIps());
    var traffic = new SidecarTraffic(member.traffic(), podIps);
    this.path =
        DataPath.create(
            loops,
            DataPlaneOptions.defaults()
                .withLimits(SidecarLimits.limits())
                .withMesh(tls)
                .withExchanges(traffic.exchanges())
                .withTcp(traffic)
                .withListeners(accepts));
    traffic.start(loops);
    var own = new OwnListeners(podIps);
    DetectionSettings detection =
        DetectionSettings.DEFAULT.withGrace(options.detectGrace().toMillis());
    OriginalDestinations originals =
        options.inboundPort() > 0 || options.outboundPort() > 0 ? new OriginalDestinations() : null;
    this.inbound =
        new InboundStack(
            new InboundStack.Settings(
                path,
                tls,
                originals,
                podIps,
                own,
                refusals,
                traffic,
                detection,
                () -> asked,
                options.inboundConnectTimeout().toMillis()),
            member.inbound().current());
    this.outbound =
        new OutboundStack(
            new OutboundStack.Settings(
                path,
                member.destinations(),
                originals,
                podIps,
                own,
                refusals,
                detection,
                () -> asked,
                options.outboundConnectTimeout().toMillis()));
    member.inbound().follow(inbound::apply);
    readiness.check("certificate", member::missing);
  }

  private static MeshOptions meshOptions(SidecarOptions options, String software) {
    return new MeshOptions(
        options.controlPlane(),
        options.controlPlaneIdentity(),
        options.tokenFile(),
        options.trustAnchors(),
        options.pod(),
        ProxyKind.SIDECAR,
        software,
        MeshOptions.REPORT_INTERVAL,
        InboundSettings.of(options.inboundPolicy()));
  }

  /**
   * Starts a sidecar; not for event loops.
   *
   * @param software version for people
   * @throws IOException naming the socket that cannot be opened
   */
  public static SidecarProcess start(SidecarOptions options, String software) throws IOException {
    return start(options, software, MeshMember::start);
  }

  /**
   * Starts a sidecar with a membership of another make.
   *
   * @throws IOException naming the socket that cannot be opened
   */
  public static SidecarProcess start(SidecarOptions options, String software, Membership membership)
      throws IOException {
    EventLoops loops = EventLoops.create(TransportKind.EPOLL, options.eventLoops());
    var tls = new MeshTls();
    MeshMember member = null;
    SidecarProcess process = null;
    try {
      member = membership.begin(meshOptions(options, software), loops, tls);
      process = new SidecarProcess(options, loops, tls, member);
      process.listen();
      return process;
    } catch (IOException | RuntimeException e) {
      // Whatever it was, no thread and no native memory is left behind.
      if (process != null) {
        process.close();
      } else {
        if (member != null) {
          member.close();
        }
        end(loops);
        tls.close();
      }
      throw e;
    }
  }

  private static void end(EventLoops loops) {
    loops
        .workers()
        .shutdownGracefully(0, CLOSING_MILLIS, TimeUnit.MILLISECONDS)
        .awaitUninterruptibly();
  }

  private void listen() throws IOException {
    for (AddressPair pair : options.inbound()) {
      inboundListeners.add(inbound.listen(pair.listen(), pair.destination()));
    }
    for (AddressPair pair : options.outbound()) {
      outboundListeners.add(outbound.listen(pair.listen(), pair.destination()));
    }
    if (options.inboundPort() > 0) {
      listenEverywhere(options.inboundPort());
    }
    if (options.outboundPort() > 0) {
      outboundListeners.add(
          outbound.listen(
              new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), options.outboundPort())));
      listenOnSix(options.outboundPort());
    }
    admin =
        AdminPort.open(
            path,
            new InetSocketAddress(
                InetAddress.ofLiteral(options.adminAddress()), options.adminPort()),
            new AdminPages(
                readiness,
                this::metrics,
                LogLevels.PROCESS::describe,
                LogLevels.PROCESS::set,
                options.shutdown().byAdmin() ? this::leave : null));
    log.atInfo()
        .addKeyValue("inbound", ports(inboundListeners))
        .addKeyValue("outbound", ports(outboundListeners))
        .addKeyValue("admin", adminPort())
        .log("listening");
  }

  private static List<Integer> ports(List<ListenerServer> listeners) {
    return listeners.stream().map(ListenerServer::port).toList();
  }

  /** On both families where there are two, or on IPv4 alone. */
  private void listenEverywhere(int port) throws IOException {
    try {
      inboundListeners.add(
          inbound.listen(new InetSocketAddress(InetAddress.ofLiteral("::"), port)));
    } catch (IOException e) {
      log.atDebug().log("no IPv6 here: {}", String.valueOf(e.getMessage()));
      inboundListeners.add(
          inbound.listen(new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), port)));
    }
  }

  private void listenOnSix(int port) {
    try {
      outboundListeners.add(
          outbound.listen(new InetSocketAddress(InetAddress.ofLiteral("::1"), port)));
    } catch (IOException e) {
      log.atDebug().log("no IPv6 here: {}", String.valueOf(e.getMessage()));
    }
  }

  // ---- State

  public Readiness readiness() {
    return readiness;
  }

  /** Port of the admin server. */
  public int adminPort() {
    AdminPort open = admin;
    return open == null ? -1 : open.port();
  }

  /** Ports of the inbound listeners: pairs in their order, then the redirected one. */
  public List<Integer> inboundPorts() {
    return ports(inboundListeners);
  }

  /** Ports of the outbound listeners: pairs in their order, then the redirected ones. */
  public List<Integer> outboundPorts() {
    return ports(outboundListeners);
  }

  /** Connections that are open, both ways. */
  public int openConnections() {
    int open = 0;
    for (ListenerServer listener : inboundListeners) {
      open += listener.openConnections();
    }
    for (ListenerServer listener : outboundListeners) {
      open += listener.openConnections();
    }
    return open;
  }

  /** Connections the sidecar has closed itself, by reason. */
  public Refusals refusals() {
    return refusals;
  }

  private String metrics() {
    return member.metrics()
        + accepts.metrics()
        + refusals.metrics()
        + inbound.metrics()
        + """
        # HELP selvage_sidecar_destinations Original destinations in use or used lately.
        # TYPE selvage_sidecar_destinations gauge
        selvage_sidecar_destinations %d
        """
            .formatted(outbound.destinationsKept());
  }

  // ---- Leaving

  /**
   * Begins to leave: serves on, new connections included, until the application is gone or the
   * grace period ends, and then stops. Peers are sent away after the requests they have begun; the
   * application's own connections are left alone. Returns at once; further calls do nothing.
   */
  public synchronized void leave() {
    if (departure != null || closed) {
      return;
    }
    readiness.set("leaving", false, "the sidecar was told to stop");
    departure = new Departure(options.shutdown(), System::nanoTime);
    log.atInfo()
        .addKeyValue("grace", options.shutdown().grace())
        .addKeyValue("open", openConnections())
        .log("leaving once the application is gone");
    // Peers keep connections for requests to come; they are to make those elsewhere.
    inboundListeners.forEach(ListenerServer::drainConnections);
    look();
  }

  private void look() {
    Departure leaving = departure;
    if (leaving == null || stopped.isDone()) {
      return;
    }
    switch (leaving.look(openConnections(), accepts.accepted())) {
      case SERVE -> again();
      case ASK -> {
        ask();
        again();
      }
      case CLOSE -> Thread.ofPlatform().daemon().name("selvage-close").start(this::close);
    }
  }

  private void again() {
    loops.next().schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** HTTP/2 gets GOAWAY, HTTP/1.1 {@code Connection: close}; who is idle is closed. */
  private void ask() {
    if (asked) {
      return;
    }
    asked = true;
    log.atInfo()
        .addKeyValue("open", openConnections())
        .log("the grace period is nearly over: connections are asked to end");
    inboundListeners.forEach(ListenerServer::drainConnections);
    outboundListeners.forEach(ListenerServer::drainConnections);
    path.drain();
  }

  /** Completes when the sidecar has stopped. */
  public CompletableFuture<Void> stopped() {
    return stopped.copy();
  }

  /** Stops at once: every connection is closed. Waits for it; not for event loops. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    asked = true;
    inboundListeners.forEach(ListenerServer::close);
    outboundListeners.forEach(ListenerServer::close);
    AdminPort open = admin;
    if (open != null) {
      open.close();
    }
    member.close();
    path.close();
    end(loops);
    tls.close();
    stopped.complete(null);
  }
}
