// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.pool;

import io.selvage.model.routing.RouteAction;
import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.exchange.UpstreamFailure;
import io.selvage.proxy.time.DeadlineWheel;
import io.selvage.proxy.upstream.CircuitBreakers;
import io.selvage.proxy.upstream.CircuitBreakers.Limit;
import io.selvage.proxy.upstream.Endpoint;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one event loop to one endpoint: those with room for a stream, most recently
 * used last, and the requests that wait for one. Confined to the event loop.
 */
final class EndpointPool {
  /** How often a wait for the cluster's connection limit looks again: other loops give no sign. */
  private static final long LIMIT_POLL_MILLIS = 20;

  private final ConnectionPools owner;
  private final Object key;
  private final Endpoint endpoint;
  private final String authority;
  private final ArrayDeque<PooledConnection> available = new ArrayDeque<>();
  private final List<PooledConnection> all = new ArrayList<>();
  private final ArrayDeque<PendingStream> waiting = new ArrayDeque<>();
  private int connecting;

  /** Connects that have got as far as TLS. */
  private int answered;

  private boolean retired;

  EndpointPool(ConnectionPools owner, Object key, Endpoint endpoint, String authority) {
    this.owner = owner;
    this.key = key;
    this.endpoint = endpoint;
    this.authority = authority;
  }

  Endpoint endpoint() {
    return endpoint;
  }

  String authority() {
    return authority;
  }

  ConnectionPools owner() {
    return owner;
  }

  int open() {
    return all.size();
  }

  @Nullable PendingStream acquire(
      RouteAction.Priority priority, long connectMillis, ResponseSink sink) {
    if (begin(sink)) {
      return null;
    }
    CircuitBreakers breakers = endpoint.cluster().breakers(priority);
    if (!breakers.tryAcquire(Limit.PENDING)) {
      forgetIfEmpty();
      sink.onFailed(UpstreamFailure.OVERFLOW);
      return null;
    }
    DeadlineWheel wheel = owner.wheel();
    long wait = owner.transport().limits().upstream().pendingMillis() * 1_000_000;
    var pending = new PendingStream(this, breakers, sink, wheel.nanoTime() + wait, connectMillis);
    waiting.add(pending);
    lookForConnect(pending);
    return waiting.contains(pending) ? pending : null;
  }

  /** Uses a connection that has room. */
  private boolean begin(ResponseSink sink) {
    PooledConnection connection;
    while ((connection = available.pollLast()) != null) {
      connection.setListed(false);
      if (connection.begin(sink)) {
        list(connection);
        return true;
      }
    }
    return false;
  }

  /** False if a connection is needed but the cluster's limit does not allow one. */
  private boolean connectIfNeeded(CircuitBreakers breakers) {
    boolean multiplexed =
        ConnectionPools.isHttp2(endpoint.cluster().spec(), null)
            && owner.transport().http2().isMultiplexed();
    if (multiplexed ? connecting > 0 : connecting >= waiting.size()) {
      return true;
    }
    if (!breakers.tryAcquire(Limit.CONNECTIONS)) {
      owner.closeOneIdle(endpoint.cluster());
      return false;
    }
    connecting++;
    new Connecting(this, breakers).start();
    return true;
  }

  /** The connect that is to serve it has its time, or the limit is looked at again soon. */
  private void lookForConnect(PendingStream pending) {
    pending.atLimit = !connectIfNeeded(pending.breakers());
    if (!waiting.contains(pending)) {
      return; // the connect has failed at once
    }
    if (pending.atLimit) {
      owner.wheel().armMillis(pending, LIMIT_POLL_MILLIS);
    } else if (pending.connectMillis > 0) {
      owner.wheel().armMillis(pending, pending.connectMillis);
    }
  }

  /** A wait for the connection limit looks again, or ends; one for a connect ends. */
  void onWaitDeadline(PendingStream pending) {
    if (!pending.atLimit) {
      if (answered == 0) {
        fail(pending, UpstreamFailure.CONNECT_TIMEOUT);
      }
    } else if (owner.wheel().nanoTime() - pending.giveUpAt >= 0) {
      fail(pending, UpstreamFailure.OVERFLOW);
    } else {
      lookForConnect(pending);
    }
  }

  private void fail(PendingStream pending, UpstreamFailure failure) {
    cancel(pending);
    pending.sink().onFailed(failure);
  }

  /** The endpoint has answered a connect: whatever takes time from now on, it is there. */
  void onAnswered() {
    answered++;
  }

  /** That connect has ended. */
  void onAnsweredEnd() {
    answered--;
  }

  /**
   * The endpoint has left: who waits for it goes to another one at once. Whom it has answered, or
   * who has nowhere else to go, waits on.
   */
  void sendAway() {
    if (answered > 0 || !endpoint.cluster().hasOther(endpoint)) {
      return;
    }
    for (PendingStream pending : List.copyOf(waiting)) {
      fail(pending, UpstreamFailure.REMOVED);
    }
  }

  void cancel(PendingStream pending) {
    if (waiting.remove(pending)) {
      done(pending);
      forgetIfEmpty();
    }
  }

  void onConnected(PooledConnection connection) {
    connecting--;
    all.add(connection);
    onRoom(connection);
  }

  /**
   * @param everybody true if the connection would have served all that wait
   */
  void onConnectFailed(UpstreamFailure failure, CircuitBreakers breakers, boolean everybody) {
    connecting--;
    breakers.release(Limit.CONNECTIONS);
    // Whoever waited longest takes the blame; the rest have connects of their own.
    int victims = everybody ? waiting.size() : Math.min(1, waiting.size());
    for (; victims > 0; victims--) {
      PendingStream pending = waiting.poll();
      if (pending != null) {
        done(pending);
        pending.sink().onFailed(failure);
      }
    }
    serveWaiting();
    forgetIfEmpty();
  }

  /**
   * A connect has ended, well or badly, and taken the longest wait with it, which may not have been
   * the one it was begun for: those that are left get a connect, or look for one by themselves.
   */
  private void serveWaiting() {
    if (waiting.isEmpty() || connectIfNeeded(waiting.element().breakers())) {
      return;
    }
    for (PendingStream pending : waiting) {
      if (!pending.atLimit) {
        pending.atLimit = true;
        owner.wheel().armMillis(pending, LIMIT_POLL_MILLIS);
      }
    }
  }

  /** A connection can take a stream: the one that waited longest, or it rests. */
  void onRoom(PooledConnection connection) {
    PendingStream pending;
    while (connection.hasRoom() && (pending = waiting.poll()) != null) {
      done(pending);
      if (!connection.begin(pending.sink())) {
        pending.sink().onFailed(UpstreamFailure.REFUSED);
      }
    }
    serveWaiting();
    if (retired || owner.isDraining() || endpoint.isRemoved() || endpoint.cluster().isRetired()) {
      connection.retire();
    } else {
      list(connection);
      connection.rest();
    }
  }

  private void list(PooledConnection connection) {
    if (connection.hasRoom() && !connection.isListed()) {
      connection.setListed(true);
      available.addLast(connection);
    }
  }

  private void unlist(PooledConnection connection) {
    if (connection.isListed()) {
      connection.setListed(false);
      available.remove(connection);
    }
  }

  void onUnusable(PooledConnection connection) {
    unlist(connection);
  }

  void onClosed(PooledConnection connection) {
    unlist(connection);
    all.remove(connection);
    forgetIfEmpty();
  }

  void retire() {
    retired = true;
    new ArrayList<>(all).forEach(PooledConnection::retire);
    forgetIfEmpty();
  }

  void close() {
    retired = true;
    new ArrayList<>(all).forEach(PooledConnection::close);
    PendingStream pending;
    while ((pending = waiting.poll()) != null) {
      done(pending);
      pending.sink().onFailed(UpstreamFailure.CONNECT_FAILED);
    }
    forgetIfEmpty();
  }

  boolean closeOneIdle() {
    for (PooledConnection connection : available) {
      if (connection.isIdle()) {
        connection.retire();
        return true;
      }
    }
    return false;
  }

  private void done(PendingStream pending) {
    owner.wheel().remove(pending);
    pending.breakers().release(Limit.PENDING);
  }

  /** Pools by SNI could otherwise grow with every name a client thinks of. */
  private void forgetIfEmpty() {
    if (all.isEmpty() && waiting.isEmpty() && connecting == 0) {
      owner.forget(key);
    }
  }
}
