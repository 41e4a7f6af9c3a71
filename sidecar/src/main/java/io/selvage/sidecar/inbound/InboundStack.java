// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import static java.util.Objects.requireNonNull;

import io.netty.channel.EventLoop;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.routing.EndpointSet;
import io.selvage.proxy.engine.DataPath;
import io.selvage.proxy.engine.Target;
import io.selvage.proxy.engine.TargetSpec;
import io.selvage.proxy.exchange.Admission;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.listener.ConnectionOpening;
import io.selvage.proxy.listener.DrainSignal;
import io.selvage.proxy.listener.ListenerServer;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.sidecar.connection.IdleCache;
import io.selvage.sidecar.connection.OwnListeners;
import io.selvage.sidecar.connection.Refusal;
import io.selvage.sidecar.connection.Refusals;
import io.selvage.sidecar.connection.SidecarListeners;
import io.selvage.sidecar.connection.SidecarTraffic;
import io.selvage.sidecar.connection.Way;
import io.selvage.sidecar.detect.DetectionSettings;
import io.selvage.sidecar.detect.WhoSpeaksFirst;
import io.selvage.sidecar.origdst.OriginalDestinations;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections made to the pod: the mesh's TLS is terminated, policy asked, and what passes goes
 * on to the application in plaintext. Thread-safe.
 */
public final class InboundStack {
  private static final Logger log = LoggerFactory.getLogger(InboundStack.class);

  /** Ports kept while nobody uses them. */
  private static final int IDLE_PORTS = 256;

  private static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(10);
  private static final long SWEEP_SECONDS = 30;
  private static final long AUDIT_LOG_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** How long a request that runs has to end by itself once policy would not let it in any more. */
  private static final long LAST_WORDS_MILLIS = 1_000;

  private final Settings settings;
  private final IdleCache<InetSocketAddress, InboundPort> ports;
  private final PeerMemory peers = new PeerMemory(System::nanoTime);
  private final OpenConnections open = new OpenConnections();
  private final LongAdder audited = new LongAdder();
  private volatile InboundRules rules;
  private volatile long nextAuditLog = System.nanoTime();

  /**
   * What the stack works with.
   *
   * @param tls terminates
   * @param originals asked for connections of listeners without a destination of their own; null
   *     where there are none
   * @param podIps the pod's addresses
   * @param own the sidecar's own sockets
   * @param drain set when open connections are to end
   * @param connectMillis towards the application
   */
  public record Settings(
      DataPath path,
      MeshTls tls,
      @Nullable OriginalDestinations originals,
      Set<InetAddress> podIps,
      OwnListeners own,
      Refusals refusals,
      SidecarTraffic traffic,
      DetectionSettings detection,
      DrainSignal drain,
      long connectMillis) {
    public Settings {
      requireNonNull(path, "path");
      requireNonNull(tls, "tls");
      podIps = Set.copyOf(podIps);
      requireNonNull(own, "own");
      requireNonNull(refusals, "refusals");
      requireNonNull(traffic, "traffic");
      requireNonNull(detection, "detection");
      requireNonNull(drain, "drain");
    }
  }

  /**
   * @param first what holds until {@link #apply}
   */
  public InboundStack(Settings settings, InboundSettings first) {
    this.settings = settings;
    this.rules = new InboundRules(first);
    this.ports =
        new IdleCache<>(
            this::newPort, port -> port.target().retire(), IDLE_PORTS, System::nanoTime);
    EventLoop loop = settings.path().eventLoops().next();
    loop.scheduleWithFixedDelay(
        () -> ports.sweep(IDLE_NANOS), SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
  }

  private InboundPort newPort(InetSocketAddress destination) {
    Target target =
        settings
            .path()
            .target(
                new TargetSpec(
                    SidecarTraffic.INBOUND_LABEL,
                    settings.connectMillis(),
                    false,
                    TargetSpec.VERIFIED_CLIENT,
                    new Policy()));
    target.updateEndpoints(
        new EndpointSet(
            SidecarTraffic.INBOUND_LABEL,
            List.of(
                EndpointSet.Endpoint.of(
                    destination.getAddress().getHostAddress(), destination.getPort()))));
    return new InboundPort(target, new WhoSpeaksFirst());
  }

  /**
   * Listens for redirected connections; not for event loops.
   *
   * @throws IOException naming the address and the reason
   */
  public ListenerServer listen(InetSocketAddress address) throws IOException {
    return bind(address, null);
  }

  /**
   * Listens for connections that are all for one address; not for event loops.
   *
   * @throws IOException naming the address and the reason
   */
  public ListenerServer listen(InetSocketAddress address, InetSocketAddress target)
      throws IOException {
    return bind(address, target);
  }

  private ListenerServer bind(InetSocketAddress address, @Nullable InetSocketAddress target)
      throws IOException {
    ConnectionOpening opening =
        (child, server, environment) ->
            child.pipeline().addLast("inbound", new InboundConnection(this, server, target));
    ListenerServer server =
        SidecarListeners.bind(
            Way.INBOUND.listener(), address, settings.path().listeners(settings.drain(), opening));
    settings.own().add(new InetSocketAddress(address.getAddress(), server.port()));
    return server;
  }

  // ---- Policy

  /**
   * Requests and connections are judged so from now on; open raw connections at once, requests that
   * run, tunnels among them, in a second.
   */
  public void apply(InboundSettings newSettings) {
    var next = new InboundRules(newSettings);
    next.problems().forEach(problem -> log.atWarn().log("inbound settings: {}", problem));
    rules = next;
    open.judge(denied ->
        settings.refusals().reset(denied.channel(), Way.INBOUND, Refusal.NO_LONGER_ALLOWED, null));
    settings.path().judgeRunning(LAST_WORDS_MILLIS);
  }

  InboundRules rules() {
    return rules;
  }

  private Verdict judge(ConnectionInfo connection, RequestHead request) {
    return rules.judge(
        connection.peer().getAddress(),
        !connection.peerIdentity().isEmpty(),
        connection.local().getPort(),
        request.method(),
        request.target().toString());
  }

  /** The rules in force, for the requests of every port. */
  private final class Policy implements Admission {
    @Override
    public boolean permits(ConnectionInfo connection, RequestHead request) {
      Verdict verdict = judge(connection, request);
      judged(verdict, connection.peer(), connection.local());
      return verdict.allows();
    }

    @Override
    public boolean keeps(ConnectionInfo connection, RequestHead request) {
      boolean allowed = judge(connection, request).allows();
      if (!allowed) {
        settings
            .refusals()
            .count(connection.peer(), Way.INBOUND, Refusal.NO_LONGER_ALLOWED, connection.local());
      }
      return allowed;
    }
  }

  /** Counts what only {@code audit} has let in. */
  void judged(Verdict verdict, InetSocketAddress client, InetSocketAddress destination) {
    if (verdict != Verdict.AUDITED) {
      return;
    }
    audited.increment();
    long now = System.nanoTime();
    if (now - nextAuditLog >= 0) {
      nextAuditLog = now + AUDIT_LOG_NANOS;
      log.atInfo()
          .addKeyValue("client", client)
          .addKeyValue("destination", destination)
          .addKeyValue("total", audited.sum())
          .log("audit: deny would have refused this");
    }
  }

  static Refusal refusal(Verdict verdict) {
    return switch (verdict) {
      case UNAUTHENTICATED -> Refusal.UNAUTHENTICATED;
      case OUTSIDE_CLUSTER -> Refusal.OUTSIDE_CLUSTER;
      default -> Refusal.DENIED;
    };
  }

  /** How many requests and connections only {@code audit} has let in. */
  public long audited() {
    return audited.sum();
  }

  /** In Prometheus' text format 0.0.4. */
  public String metrics() {
    return """
    # HELP selvage_sidecar_audited_total Requests and connections that only audit let in.
    # TYPE selvage_sidecar_audited_total counter
    selvage_sidecar_audited_total %d
    # HELP selvage_sidecar_inbound_policy The default policy in force.
    # TYPE selvage_sidecar_inbound_policy gauge
    selvage_sidecar_inbound_policy{policy="%s"} 1
    """
        .formatted(audited(), rules.settings().policy().label());
  }

  // ---- What connections work with

  IdleCache.Lease<InboundPort> lease(InetSocketAddress destination) {
    return ports.lease(destination);
  }

  OriginalDestinations originals() {
    return requireNonNull(settings.originals(), "no listener is redirected to");
  }

  boolean isOurs(InetAddress address) {
    return settings.podIps().contains(address);
  }

  boolean isOwnListener(InetSocketAddress destination) {
    return settings.own().contains(destination);
  }

  Refusals refusals() {
    return settings.refusals();
  }

  SidecarTraffic traffic() {
    return settings.traffic();
  }

  DetectionSettings detection() {
    return settings.detection();
  }

  MeshTls tls() {
    return settings.tls();
  }

  Limits.Handshake limits() {
    return settings.path().limits().handshake();
  }

  PeerMemory peers() {
    return peers;
  }

  OpenConnections open() {
    return open;
  }
}
