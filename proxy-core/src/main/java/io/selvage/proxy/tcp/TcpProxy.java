// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import static java.util.Objects.requireNonNull;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.selvage.model.routing.TcpRoute;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.route.ClusterLookup;
import io.selvage.proxy.tls.EndpointTls;
import io.selvage.proxy.tls.UpstreamTlsContexts;
import io.selvage.proxy.transport.EventLoops;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Carries raw connections to endpoints: one upstream connection for each, on the same event loop,
 * bytes as they are. Thread-safe; each connection is confined to its event loop.
 */
public final class TcpProxy {
  private final EventLoops loops;
  private final ClusterLookup clusters;
  private final EndpointTls tls;
  private final TcpObserver observer;

  /**
   * @param clusters the clusters of the current snapshot, looked up once per connection
   */
  public TcpProxy(EventLoops loops, ClusterLookup clusters, EndpointTls tls, TcpObserver observer) {
    this.loops = requireNonNull(loops, "loops");
    this.clusters = requireNonNull(clusters, "clusters");
    this.tls = requireNonNull(tls, "tls");
    this.observer = requireNonNull(observer, "observer");
  }

  /** Outside the mesh. */
  public TcpProxy(
      EventLoops loops, ClusterLookup clusters, UpstreamTlsContexts tls, TcpObserver observer) {
    this(loops, clusters, new EndpointTls(tls, null, Limits.DEFAULT.handshake()), observer);
  }

  /**
   * Takes a connection over. Its pipeline holds nothing of HTTP; where TLS is terminated its
   * handler is in place. Bytes already read follow as {@code channelRead}. Called on the channel's
   * event loop.
   */
  public void serve(Channel client, TcpRoute route, TcpClient info) {
    client.config().setAutoRead(false);
    client.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    MeshFrames.addIfAgreed(client);
    new TcpSession(this, client, route, info).start();
  }

  /**
   * Begins to connect for a client that has not said whether it wants raw bytes. Its channel is
   * left alone until {@link SpeculativeTcp#carry}; when it closes, so does the connection. Called
   * on the channel's event loop.
   */
  public SpeculativeTcp speculate(
      Channel client, TcpRoute route, TcpClient info, SpeculativeTcp.Listener listener) {
    client.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    var session = new TcpSession(this, client, route, info);
    session.speculate(listener);
    return session;
  }

  EventLoops loops() {
    return loops;
  }

  ClusterLookup clusters() {
    return clusters;
  }

  EndpointTls tls() {
    return tls;
  }

  TcpObserver observer() {
    return observer;
  }

  /** One of the route's backends by weight; null when the route has none or all weigh nothing. */
  static TcpRoute.@Nullable Backend draw(TcpRoute route) {
    long total = 0;
    for (TcpRoute.Backend one : route.backends()) {
      total += Math.max(0, one.weight());
    }
    if (total == 0) {
      return null;
    }
    long left = ThreadLocalRandom.current().nextLong(total);
    for (TcpRoute.Backend one : route.backends()) {
      left -= Math.max(0, one.weight());
      if (left < 0) {
        return one;
      }
    }
    throw new IllegalStateException("the draw is within the sum of the weights");
  }
}
