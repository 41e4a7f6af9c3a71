// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Counts connections by the stats prefix of their listener, which comes from configuration.
 * Listeners may share one.
 *
 * <ul>
 *   <li>{@code selvage_connections_active{listener}}, {@code selvage_connections_total{listener}}
 *   <li>{@code selvage_connections_refused_total{listener,reason}}, ended before an exchange
 *   <li>{@code selvage_listener_bound{listener}}: sockets that are open
 *   <li>{@code selvage_listener_accept_paused{listener}}: sockets where a cap stops accepting
 *   <li>{@code selvage_accept_errors_total{listener}}
 *   <li>{@code selvage_tls_handshake_duration_seconds{listener}}, count and sum
 * </ul>
 */
public final class ListenerMetrics implements ListenerObserver {
  private final MeterRegistry registry;
  private final Map<String, Meters> byPrefix = new ConcurrentHashMap<>();

  public ListenerMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void onBound(ListenerSpec listener, int port) {
    meters(listener).bound.add(listener.name());
  }

  @Override
  public void onRenamed(ListenerSpec before, ListenerSpec after) {
    meters(before).bound.remove(before.name());
    meters(after).bound.add(after.name());
  }

  @Override
  public void onBindFailed(ListenerSpec listener, Problem problem) {
    meters(listener).bound.remove(listener.name());
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
    Set<String> names = meters(listener).paused;
    if (paused) {
      names.add(listener.name());
    } else {
      names.remove(listener.name());
    }
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

  /** Forgets listeners that are gone, and the meters of a prefix that has no connection left. */
  public void retain(Collection<ListenerSpec> listeners) {
    Map<String, Set<String>> namesByPrefix =
        listeners.stream()
            .collect(
                Collectors.groupingBy(
                    ListenerSpec::statsPrefix,
                    Collectors.mapping(ListenerSpec::name, Collectors.toSet())));
    byPrefix
        .entrySet()
        .removeIf(entry -> {
          Meters meters = entry.getValue();
          Set<String> names = namesByPrefix.getOrDefault(entry.getKey(), Set.of());
          meters.bound.retainAll(names);
          meters.paused.retainAll(names);
          boolean gone = names.isEmpty() && meters.active.get() == 0;
          if (gone) {
            meters.unregister(registry);
          }
          return gone;
        });
  }

  private Meters meters(ListenerSpec listener) {
    Meters meters = byPrefix.get(listener.statsPrefix());
    return meters != null
        ? meters
        : byPrefix.computeIfAbsent(listener.statsPrefix(), prefix -> new Meters(registry, prefix));
  }

  private static final class Meters {
    private static final Refusal[] REASONS = Refusal.values();

    private final AtomicInteger active = new AtomicInteger();
    private final Set<String> bound = ConcurrentHashMap.newKeySet();
    private final Set<String> paused = ConcurrentHashMap.newKeySet();
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
            gauge(registry, "selvage.connections.active", listener, active::get),
            gauge(registry, "selvage.listener.bound", listener, bound::size),
            gauge(registry, "selvage.listener.accept.paused", listener, paused::size)
          };
    }

    private static Gauge gauge(
        MeterRegistry registry, String name, String listener, Supplier<Number> value) {
      return Gauge.builder(name, value).tag("listener", listener).register(registry);
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
