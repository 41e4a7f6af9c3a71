// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.ProtocolHint;
import io.selvage.model.routing.EndpointSet;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * An original destination address and what it stands for, kept up to date while it is in use and
 * for a while after that; then it keeps what it was. Thread-safe.
 */
public final class Destination {
  /** Where the knowledge comes from, or why there is none. */
  public enum Answer {
    /** The control plane has said it. */
    GIVEN,
    /**
     * The control plane is away, and had not been asked before: connections pass as bytes to their
     * original address, as if it were {@link io.selvage.model.mesh.DestinationUpdate.Kind#FORWARD}.
     */
    AWAY,
    /**
     * The control plane is there and has not answered in time. What it would have said is not
     * known, so connections are refused: the address may be a meshed pod's.
     */
    LATE,
    /** More destinations are in use than can be kept; connections are refused likewise. */
    NO_ROOM
  }

  /**
   * What is known at one moment.
   *
   * @param answer unless it is {@link Answer#GIVEN} the rest is what follows from not knowing
   * @param kind what is behind the address
   * @param service the Service; NONE if it is none
   * @param hint protocol of the Service's port, or of the pod's; opaque if it is one endpoint's
   * @param endpoints the same as {@code details}, as clusters take it, keyed by the address; each
   *     names the identity it must prove
   * @param details with each endpoint's own hint, in the same order
   */
  public record State(
      Answer answer,
      DestinationUpdate.Kind kind,
      DestinationUpdate.ServiceRef service,
      ProtocolHint hint,
      EndpointSet endpoints,
      List<DestinationUpdate.Endpoint> details) {
    public State {
      requireNonNull(answer, "answer");
      requireNonNull(kind, "kind");
      requireNonNull(service, "service");
      requireNonNull(hint, "hint");
      requireNonNull(endpoints, "endpoints");
      details = List.copyOf(details);
    }

    /** Whether the control plane has said it. */
    public boolean answered() {
      return answer == Answer.GIVEN;
    }

    /** Whether connections are to be refused. */
    public boolean refused() {
      return kind == DestinationUpdate.Kind.NO_SUCH_PORT
          || answer == Answer.LATE
          || answer == Answer.NO_ROOM;
    }
  }

  private final InetSocketAddress address;
  private final LongSupplier nanoTime;
  private final AtomicInteger users = new AtomicInteger();
  private final List<Consumer<State>> listeners = new CopyOnWriteArrayList<>();
  private volatile State state;
  private volatile long usedNanos;

  Destination(InetSocketAddress address, State state, LongSupplier nanoTime) {
    this.address = address;
    this.state = state;
    this.nanoTime = nanoTime;
    this.usedNanos = nanoTime.getAsLong();
  }

  /** Where the connection was going. */
  public InetSocketAddress address() {
    return address;
  }

  /** As of now. */
  public State state() {
    return state;
  }

  /**
   * Told of every change from now on, on the control stream's event loop: must be quick. Listening
   * alone keeps no destination up to date.
   *
   * @return ends it
   */
  public Runnable listen(Consumer<State> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  /** Somebody depends on it: it is kept up to date until {@link #release}. */
  public void retain() {
    users.incrementAndGet();
  }

  /** Undoes one {@link #retain}. */
  public void release() {
    usedNanos = nanoTime.getAsLong();
    users.decrementAndGet();
  }

  void touch() {
    usedNanos = nanoTime.getAsLong();
  }

  void update(State newState) {
    state = newState;
    listeners.forEach(listener -> listener.accept(newState));
  }

  long usedNanos() {
    return usedNanos;
  }

  boolean isUsed() {
    return users.get() > 0;
  }
}
