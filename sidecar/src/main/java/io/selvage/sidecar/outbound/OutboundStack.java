// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.outbound;

import static java.util.Objects.requireNonNull;

import io.netty.channel.EventLoop;
import io.selvage.mesh.discovery.Destination;
import io.selvage.mesh.discovery.Destinations;
import io.selvage.proxy.engine.DataPath;
import io.selvage.proxy.listener.ConnectionOpening;
import io.selvage.proxy.listener.DrainSignal;
import io.selvage.proxy.listener.ListenerServer;
import io.selvage.sidecar.connection.IdleCache;
import io.selvage.sidecar.connection.OwnListeners;
import io.selvage.sidecar.connection.Refusals;
import io.selvage.sidecar.connection.SidecarListeners;
import io.selvage.sidecar.connection.Way;
import io.selvage.sidecar.detect.DetectionSettings;
import io.selvage.sidecar.origdst.OriginalDestinations;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections the pod makes: each is taken to what its original destination stands for,
 * encrypted where that has an identity. Thread-safe.
 */
public final class OutboundStack {
  /** A destination that nobody has used for this long gives its connections back. */
  private static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(10);

  private static final long SWEEP_SECONDS = 30;

  /** So many are kept when there is no room for another; one by one it would take long. */
  private static final int KEPT_WHEN_FULL = Destinations.MAX_DESTINATIONS * 3 / 4;

  private final Settings settings;
  private final IdleCache<Destination, OutboundDestination> cache;

  /**
   * What the stack works with.
   *
   * @param originals asked for connections of listeners without a destination of their own; null
   *     where there are none
   * @param podIps the pod's addresses
   * @param own the sidecar's own sockets
   * @param drain set when open connections are to end
   * @param connectMillis for TCP towards an endpoint
   */
  public record Settings(
      DataPath path,
      Destinations destinations,
      @Nullable OriginalDestinations originals,
      Set<InetAddress> podIps,
      OwnListeners own,
      Refusals refusals,
      DetectionSettings detection,
      DrainSignal drain,
      long connectMillis) {
    public Settings {
      requireNonNull(path, "path");
      requireNonNull(destinations, "destinations");
      podIps = Set.copyOf(podIps);
      requireNonNull(own, "own");
      requireNonNull(refusals, "refusals");
      requireNonNull(detection, "detection");
      requireNonNull(drain, "drain");
    }
  }

  public OutboundStack(Settings settings) {
    this.settings = settings;
    this.cache =
        new IdleCache<>(
            destination ->
                new OutboundDestination(
                    destination, settings.path(), settings.podIps(), settings.connectMillis()),
            OutboundDestination::drop,
            Destinations.MAX_DESTINATIONS,
            System::nanoTime);
    settings.destinations().onFull(() -> cache.trim(KEPT_WHEN_FULL));
    EventLoop loop = settings.path().eventLoops().next();
    loop.scheduleWithFixedDelay(
        () -> cache.sweep(IDLE_NANOS), SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
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
   * Listens for connections that all go to one destination; not for event loops.
   *
   * @throws IOException naming the address and the reason
   */
  public ListenerServer listen(InetSocketAddress address, InetSocketAddress destination)
      throws IOException {
    return bind(address, destination);
  }

  private ListenerServer bind(InetSocketAddress address, @Nullable InetSocketAddress destination)
      throws IOException {
    ConnectionOpening opening =
        (child, server, environment) ->
            child.pipeline().addLast("outbound", new OutboundConnection(this, server, destination));
    ListenerServer server =
        SidecarListeners.bind(
            Way.OUTBOUND.listener(), address, settings.path().listeners(settings.drain(), opening));
    settings.own().add(new InetSocketAddress(address.getAddress(), server.port()));
    return server;
  }

  IdleCache.Lease<OutboundDestination> lease(Destination destination) {
    return cache.lease(destination);
  }

  Destinations destinations() {
    return settings.destinations();
  }

  OriginalDestinations originals() {
    return requireNonNull(settings.originals(), "no listener is redirected to");
  }

  boolean isOurs(InetSocketAddress destination) {
    return settings.own().contains(destination);
  }

  Refusals refusals() {
    return settings.refusals();
  }

  DetectionSettings detection() {
    return settings.detection();
  }

  /** Destinations that are in use, or were lately. */
  public int destinationsKept() {
    return cache.size();
  }
}
