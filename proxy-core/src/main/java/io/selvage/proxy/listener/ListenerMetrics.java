// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts connections by listener, whose name comes from configuration.
 *
 * <ul>
 *   <li>{@code selvage_connections_active{listener}}, {@code selvage_connections_total{listener}}
 *   <li>{@code selvage_connections_refused_total{listener,reason}}, ended before an exchange
 *   <li>{@code selvage_listener_bound{listener}}: 1 while the socket is open, 0 while it cannot be
 *   <li>{@code selvage_listener_accept_paused{listener}}: 1 while a cap stops accepting
 *   <li>{@code selvage_accept_errors_total{listener}}
 *   <li>{@code selvage_tls_handshake_duration_seconds{listener}}, count and sum
 * </ul>
 */
public final class ListenerMetrics implements ListenerObserver {
  private final MeterRegistry registry;
  private final Map<String, Meters> byListener = new ConcurrentHashMap<>();

  public ListenerMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void onBound(ListenerSpec listener, int port) {
    meters(listener).bound.set(1);
  }

  @Override
  public void onBindFailed(ListenerSpec listener, Problem problem) {
    meters(listener).bound.set(0);
  }

  @Override
  public void onAccepted(ListenerSpec listener) {
    Meters meters = meters(listener);
    meters.active.incrementAndGet();
    meters.accepted.increment();
  }

  @Override
  public void onClosed(ListenerSpec listener) {
    meters(listener).active.decrementAndGet();
  }

  @Override
  public void onAcceptPaused(ListenerSpec listener, boolean paused) {
    meters(listener).paused.set(paused ? 1 : 0);
  }

  @Override
  public void onAcceptError(ListenerSpec listener, Throwable cause) {
    meters(listener).acceptErrors.increment();
  }

  @Override
  public void onHandshake(ListenerSpec listener, String version, long nanos) {
    meters(listener).handshakes.record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void onRefused(ListenerSpec listener, Refusal reason) {
    meters(listener).refused[reason.ordinal()].increment();
  }

  /** Forgets listeners that are gone and have no connection left. */
  public void retain(Set<String> names) {
    byListener
        .entrySet()
        .removeIf(entry -> {
          boolean gone = !names.contains(entry.getKey()) && entry.getValue().active.get() == 0;
          if (gone) {
            entry.getValue().unregister(registry);
          }
          return gone;
        });
  }

  private Meters meters(ListenerSpec listener) {
    Meters meters = byListener.get(listener.name());
    return meters != null
        ? meters
        : byListener.computeIfAbsent(listener.name(), name -> new Meters(registry, name));
  }

  private static final class Meters {
    private static final Refusal[] REASONS = Refusal.values();

    private final AtomicInteger active = new AtomicInteger();
    private final AtomicInteger bound = new AtomicInteger();
    private final AtomicInteger paused = new AtomicInteger();
    private final Counter accepted;
    private final Counter acceptErrors;
    private final Counter[] refused = new Counter[REASONS.length];
    private final Timer handshakes;
    private final Gauge[] gauges;

    Meters(MeterRegistry registry, String listener) {
      accepted = registry.counter("selvage.connections", "listener", listener);
      acceptErrors = registry.counter("selvage.accept.errors", "listener", listener);
      for (Refusal reason : REASONS) {
        refused[reason.ordinal()] =
            registry.counter(
                "selvage.connections.refused",
                "listener",
                listener,
                "reason",
                reason.name().toLowerCase(Locale.ROOT));
      }
      handshakes = registry.timer("selvage.tls.handshake.duration", "listener", listener);
      gauges =
          new Gauge[] {
            gauge(registry, "selvage.connections.active", listener, active),
            gauge(registry, "selvage.listener.bound", listener, bound),
            gauge(registry, "selvage.listener.accept.paused", listener, paused)
          };
    }

    private static Gauge gauge(
        MeterRegistry registry, String name, String listener, AtomicInteger value) {
      return Gauge.builder(name, value, AtomicInteger::get)
          .tag("listener", listener)
          .register(registry);
    }

    void unregister(MeterRegistry registry) {
      registry.remove(accepted);
      registry.remove(acceptErrors);
      registry.remove(handshakes);
      for (Counter counter : refused) {
        registry.remove(counter);
      }
      for (Gauge gauge : gauges) {
        registry.remove(gauge);
      }
    }
  }
}
