// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static java.util.Objects.requireNonNull;

import io.netty.util.NetUtil;
import io.selvage.model.routing.EndpointSet;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One address of a cluster with what is known about it: requests in flight, latency, failures,
 * health. There is one object per cluster, address, port and SPIFFE id; it survives changes of the
 * endpoint set that keep these, so the object may key connection pools.
 *
 * <p>Any event loop may call; nothing here locks on the path of a request.
 */
public final class Endpoint {

  /** How an attempt went, as far as the endpoint is to be judged by it. */
  public enum Result {
    /** A response below 500 other than 429. */
    SUCCESS,
    /** 429: alive, but must not attract load by answering fast. */
    THROTTLED,
    /** A 5xx. */
    SERVER_ERROR,
    /** Refused, unreachable, connect timeout, TLS failure. */
    CONNECT_FAILED,
    /** Closed, reset or broken protocol before a complete response head. */
    RESET,
    /** No response head in time. */
    TIMEOUT,
    /** Given up for reasons of the client's or our own: says nothing about the endpoint. */
    CANCELLED;

    /** The result that a response status stands for. */
    public static Result ofStatus(int status) {
      if (status == 429) {
        return THROTTLED;
      }
      return status >= 500 ? SERVER_ERROR : SUCCESS;
    }

    /** True if failure accrual counts it. */
    boolean isFailure() {
      return this == SERVER_ERROR || this == CONNECT_FAILED || this == RESET || this == TIMEOUT;
    }
  }

  private final Cluster cluster;
  private final InetSocketAddress socketAddress;
  private final String text;
  private final AtomicInteger active = new AtomicInteger();
  private final @Nullable PeakEwma latency;
  final EndpointHealth health;
  private volatile EndpointSet.Endpoint spec;
  private volatile boolean removed;

  Endpoint(
      Cluster cluster,
      EndpointSet.Endpoint spec,
      @Nullable PeakEwma latency,
      EndpointHealth health) {
    this.cluster = requireNonNull(cluster, "cluster");
    this.spec = requireNonNull(spec, "spec");
    this.latency = latency;
    this.health = health;
    this.socketAddress = socketAddress(spec.address(), spec.port());
    this.text = NetUtil.toSocketAddressString(socketAddress);
  }

  public Cluster cluster() {
    return cluster;
  }

  /** As last delivered; host name, zone and draining may change during the endpoint's life. */
  public EndpointSet.Endpoint spec() {
    return spec;
  }

  /** Where to connect. */
  public InetSocketAddress socketAddress() {
    return socketAddress;
  }

  /** {@link EndpointSet.Endpoint#hostname()}, or the address where it has none. */
  public String hostname() {
    var current = spec;
    return current.hostname().isEmpty() ? current.address() : current.hostname();
  }

  /** Requests in flight. */
  public int active() {
    return active.get();
  }

  /** True once the endpoint has left its cluster's set: its idle connections can be closed. */
  public boolean isRemoved() {
    return removed;
  }

  /** An attempt begins. Pairs with {@link #onEnd()}. */
  public void onStart() {
    active.incrementAndGet();
  }

  /**
   * What came of an attempt; once per attempt, when the response head has arrived or the attempt
   * has failed before it. A long stream is thereby judged at its beginning.
   *
   * @param latencyNanos from the start of the attempt to its response head or failure
   */
  public void onResult(long latencyNanos, Result result) {
    if (latency != null) {
      latency.observe(latencyNanos, result);
    }
    health.onResult(this, result);
  }

  /** The attempt is over. Pairs with {@link #onStart()}. */
  public void onEnd() {
    active.decrementAndGet();
  }

  /** Load by latency; only for clusters that balance by it. */
  double latencyLoad() {
    return latency == null ? 0 : latency.load(active.get());
  }

  void update(EndpointSet.Endpoint newSpec) {
    spec = newSpec;
  }

  void markRemoved() {
    removed = true;
  }

  /** {@code address:port}, brackets around IPv6. */
  @Override
  public String toString() {
    return text;
  }

  private static InetSocketAddress socketAddress(String address, int port) {
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(address);
    if (bytes == null) {
      throw new IllegalArgumentException("endpoint address " + address + " is not an IP literal");
    }
    try {
      return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are always an address", e);
    }
  }
}
