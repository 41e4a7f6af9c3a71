// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.pool;

import static java.util.Objects.requireNonNull;

import io.netty.channel.EventLoop;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.RouteAction;
import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.time.DeadlineWheel;
import io.selvage.proxy.tls.EndpointTls;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Endpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All upstream connections of one event loop. A request gets an idle connection of its endpoint, or
 * a new one, or waits a bounded time for either; it never gets a connection of another loop, so
 * nothing here is shared but the circuit breakers' counters.
 *
 * <p>Confined to {@link #loop()}.
 */
public final class ConnectionPools {
  /**
   * How the endpoints are spoken to: shared by all loops.
   *
   * @param observer hears of connections that open and close
   */
  public record Transport(
      UpstreamProtocol http1,
      UpstreamProtocol http2,
      EndpointTls tls,
      Limits limits,
      ExchangeObserver observer) {
    public Transport {
      requireNonNull(http1, "http1");
      requireNonNull(http2, "http2");
      requireNonNull(tls, "tls");
      requireNonNull(limits, "limits");
      requireNonNull(observer, "observer");
    }
  }

  private final EventLoop loop;
  private final DeadlineWheel wheel;
  private final Transport transport;
  private final Map<Object, EndpointPool> pools = new HashMap<>();
  private boolean draining;

  /** Made on {@code loop}. */
  public ConnectionPools(EventLoop loop, Transport transport) {
    this.loop = loop;
    this.transport = transport;
    this.wheel = DeadlineWheel.of(loop);
  }

  public EventLoop loop() {
    return loop;
  }

  /**
   * Begins a stream to {@code endpoint}: {@link ResponseSink#onStream} or {@link
   * ResponseSink#onFailed} follows, for a pooled connection before this returns.
   *
   * @param priority which circuit breaker counts it
   * @param authority Host as the upstream is to see it: the SNI where the cluster names none
   * @return the place in the queue, to be cancelled if the request is given up; null if none is
   *     kept
   */
  public @Nullable PendingStream acquire(
      Endpoint endpoint, RouteAction.Priority priority, String authority, ResponseSink sink) {
    return acquire(endpoint, priority, authority, 0, sink);
  }

  /**
   * The same for a request that has less time.
   *
   * @param connectMillis how long it waits for the endpoint to answer a connect (TLS has its own
   *     time); 0 = as long as the cluster says
   */
  public @Nullable PendingStream acquire(
      Endpoint endpoint,
      RouteAction.Priority priority,
      String authority,
      long connectMillis,
      ResponseSink sink) {
    Object key = key(endpoint, authority);
    EndpointPool pool = pools.get(key);
    if (pool == null) {
      pool = new EndpointPool(this, key, endpoint, authority);
      pools.put(key, pool);
    }
    return pool.acquire(priority, connectMillis, sink);
  }

  /**
   * Closes idle connections to an endpoint that has left, the others as their streams end. Who
   * waits for it to answer a connect is sent to another one, if there is one.
   */
  public void onRemoved(Endpoint endpoint) {
    for (EndpointPool pool : copy()) {
      if (pool.endpoint() == endpoint) {
        pool.retire();
        pool.sendAway();
      }
    }
  }

  /** Closes idle connections of a cluster no snapshot names any more, the others when they end. */
  public void retire(Cluster cluster) {
    for (EndpointPool pool : copy()) {
      if (pool.endpoint().cluster() == cluster) {
        pool.retire();
      }
    }
  }

  /** From now on no connection is kept once it is idle. */
  public void drain() {
    draining = true;
    copy().forEach(EndpointPool::retire);
  }

  /** Closes everything at once. */
  public void close() {
    draining = true;
    copy().forEach(EndpointPool::close);
  }

  /** Connections that are open, idle ones included. */
  public int openConnections() {
    int open = 0;
    for (EndpointPool pool : pools.values()) {
      open += pool.open();
    }
    return open;
  }

  /** Makes room under the cluster's connection limit: closes one that is idle elsewhere. */
  boolean closeOneIdle(Cluster cluster) {
    for (EndpointPool pool : copy()) {
      if (pool.endpoint().cluster() == cluster && pool.closeOneIdle()) {
        return true;
      }
    }
    return false;
  }

  void forget(Object key) {
    pools.remove(key);
  }

  boolean isDraining() {
    return draining;
  }

  DeadlineWheel wheel() {
    return wheel;
  }

  Transport transport() {
    return transport;
  }

  private List<EndpointPool> copy() {
    return new ArrayList<>(pools.values());
  }

  /** Connections with different SNI are not interchangeable. */
  private static Object key(Endpoint endpoint, String authority) {
    if (!endpoint.spec().identity().isEmpty()) {
      return endpoint; // proxies send no server name
    }
    var tls = endpoint.cluster().spec().tls();
    return tls.isPresent() && tls.get().serverName().isEmpty()
        ? new NamedEndpoint(endpoint, authority)
        : endpoint;
  }

  private record NamedEndpoint(Endpoint endpoint, String authority) {}

  static boolean isHttp2(ClusterSpec spec, @Nullable String alpn) {
    // What ALPN chose is what the endpoint speaks; without a choice the configuration decides.
    // Proxies agree on what the configuration says, under names of their own.
    return alpn == null || MeshProtocol.ALPN.contains(alpn)
        ? spec.protocol() == ClusterSpec.Protocol.HTTP2
        : alpn.equals("h2");
  }
}
