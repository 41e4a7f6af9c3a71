// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.pool;

import static java.util.Objects.requireNonNull;

import io.netty.channel.Channel;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.telemetry.ByteCount;
import io.selvage.proxy.time.Deadline;
import io.selvage.proxy.time.DeadlineWheel;
import io.selvage.proxy.tls.CertificateEnd;
import io.selvage.proxy.transport.Cut;
import io.selvage.proxy.upstream.CircuitBreakers;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One open connection with its idle and lifetime bounds and its share of the circuit breaker.
 * Confined to the pool's event loop.
 */
final class PooledConnection extends Deadline implements UpstreamConnection.Listener {
  private final EndpointPool pool;
  private final CircuitBreakers breakers;
  private final DeadlineWheel wheel;
  private final long idleMillis;

  /** When its life ends by {@code DeadlineWheel.nanoTime}; meaningless without a lifetime. */
  private final long endsAt;

  private final boolean mortal;
  private final Instant certificatesEnd;
  private final ByteCount bytes = new ByteCount();
  private @Nullable UpstreamConnection connection;
  private boolean usable = true;

  /** Whether its pool has it among those with room: asking the list would be a search. */
  private boolean listed;

  /**
   * @param end when it is cut because its certificates have expired; {@link Instant#MAX} = never
   */
  PooledConnection(EndpointPool pool, CircuitBreakers breakers, Instant end) {
    this.pool = pool;
    this.breakers = breakers;
    this.wheel = pool.owner().wheel();
    ClusterSpec spec = pool.endpoint().cluster().spec();
    this.idleMillis = spec.idleTimeoutMillis();
    long lifetime = spec.maxConnectionLifetimeMillis();
    this.mortal = lifetime > 0 || !end.equals(Instant.MAX);
    this.certificatesEnd = end;
    long certified = CertificateEnd.usableMillis(end);
    this.endsAt =
        wheel.nanoTime() + Math.min(lifetime > 0 ? lifetime : certified, certified) * 1_000_000;
  }

  void install(UpstreamProtocol protocol, Channel channel) {
    channel.pipeline().addLast("bytes", bytes);
    connection = protocol.install(channel, this);
    CertificateEnd.watch(channel, certificatesEnd, () -> Cut.reset(channel));
    pool.owner().transport().observer().onUpstreamOpened(pool.endpoint(), bytes);
  }

  /** False if the connection turned out to have no room; the stream was not begun. */
  boolean begin(ResponseSink sink) {
    if (!hasRoom()) {
      return false;
    }
    if (isExpired()) {
      retire();
      return false;
    }
    wheel.disarm(this);
    connection().begin(sink);
    return true;
  }

  boolean hasRoom() {
    return usable && connection().available() > 0;
  }

  boolean isListed() {
    return listed;
  }

  void setListed(boolean nowListed) {
    listed = nowListed;
  }

  boolean isIdle() {
    return connection().active() == 0;
  }

  /** It has room and nobody waits: if it is idle, the clock runs. */
  void rest() {
    if (isExpired()) {
      retire();
    } else if (usable && isIdle()) {
      if (idleMillis > 0) {
        long left = (endsAt - wheel.nanoTime()) / 1_000_000 + 1;
        wheel.armMillis(this, mortal ? Math.min(idleMillis, left) : idleMillis);
      } else if (mortal) {
        wheel.armAt(this, endsAt);
      }
    }
  }

  void retire() {
    usable = false;
    pool.onUnusable(this);
    connection().retire();
  }

  void close() {
    usable = false;
    connection().close();
  }

  @Override
  public void onAvailable(UpstreamConnection which) {
    if (usable) {
      pool.onRoom(this);
    }
  }

  @Override
  public void onUnusable(UpstreamConnection which) {
    usable = false;
    pool.onUnusable(this);
  }

  @Override
  public void onClosed(UpstreamConnection which) {
    usable = false;
    wheel.remove(this);
    breakers.release(CircuitBreakers.Limit.CONNECTIONS);
    pool.owner().transport().observer().onUpstreamClosed(pool.endpoint(), bytes);
    pool.onClosed(this);
  }

  @Override
  protected void onDeadline() {
    if (isIdle()) {
      retire();
    }
  }

  private boolean isExpired() {
    return mortal && wheel.nanoTime() - endsAt >= 0;
  }

  private UpstreamConnection connection() {
    return requireNonNull(connection, "not installed");
  }
}
