// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.telemetry;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.selvage.gateway.app.GatewayProcess;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.admin.AdminServer;
import io.selvage.proxy.engine.DataPlaneOptions;
import io.selvage.proxy.listener.ListenerMetrics;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.tcp.TcpTelemetry;
import io.selvage.proxy.telemetry.AccessLog;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeObservers;
import io.selvage.proxy.telemetry.ExchangeTracer;
import io.selvage.proxy.telemetry.HttpMetrics;
import io.selvage.proxy.telemetry.LineSink;
import io.selvage.proxy.upstream.Cluster;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Everything that observes a gateway process, made before it and closed after it.
 *
 * <p>{@code /metrics} is Prometheus text, {@code /routes} and {@code /clusters} are JSON.
 */
public final class GatewayTelemetry implements AutoCloseable {
  /** Content type of Prometheus' text format 0.0.4. */
  private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

  private static final String JSON = "application/json";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final HttpMetrics http = new HttpMetrics(registry);
  private final ListenerMetrics listeners = new ListenerMetrics(registry);
  private final CompileMetrics compiling = new CompileMetrics(registry, this::onLive);
  private final JvmGcMetrics gc = new JvmGcMetrics();
  private final @Nullable LineSink lines;
  private final @Nullable OutputStream logFile;
  private final @Nullable ExchangeTracer tracer;
  private final AtomicReference<@Nullable GatewayProcess> process = new AtomicReference<>();
  private final Map<String, AdminServer.Action> actions = new TreeMap<>();

  /**
   * Opens what is to be written to.
   *
   * @throws IOException if the access log cannot be opened
   */
  public GatewayTelemetry(TelemetryOptions options) throws IOException {
    switch (options.accessLog()) {
      case "off" -> {
        logFile = null;
        lines = null;
      }
      case "stdout" -> {
        // Not System.out: its lock and its encoder have no business here.
        logFile = null;
        lines = new LineSink(new FileOutputStream(FileDescriptor.out));
      }
      default -> {
        logFile =
            Files.newOutputStream(
                Path.of(options.accessLog()), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        lines = new LineSink(logFile);
      }
    }
    tracer =
        options
            .otlpEndpoint()
            .map(url -> ExchangeTracer.otlp(url, "selvage-gateway", options.traceShare()))
            .orElse(null);
    bindProcessMetrics();
  }

  private void bindProcessMetrics() {
    new JvmMemoryMetrics().bindTo(registry);
    gc.bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    LineSink sink = lines;
    if (sink != null) {
      FunctionCounter.builder("selvage.access.log.dropped", sink, LineSink::dropped)
          .register(registry);
    }
    Gauge.builder("selvage.endpoints.available", this, GatewayTelemetry::availableEndpoints)
        .register(registry);
    // A gauge, because the count leaves with its cluster.
    Gauge.builder("selvage.endpoints.ejections", this, GatewayTelemetry::ejections)
        .register(registry);
  }

  /** Adds an action to the admin port; before {@link #hooks()}. */
  public GatewayTelemetry withAction(String path, AdminServer.Action action) {
    actions.put(path, action);
    return this;
  }

  /** What the process is to be started with. */
  public GatewayProcess.Hooks hooks() {
    List<ExchangeObserver> observers = new ArrayList<>();
    if (tracer != null) {
      observers.add(tracer);
    }
    observers.add(http);
    if (lines != null) {
      observers.add(new AccessLog(lines));
    }
    var pages = new LivePages(this::snapshot);
    return new GatewayProcess.Hooks(
        DataPlaneOptions.defaults()
            .withExchanges(
                observers.size() == 1 ? observers.getFirst() : new ExchangeObservers(observers))
            .withListeners(listeners)
            .withTcp(new TcpTelemetry(registry, lines)),
        compiling,
        Map.of(
            "/metrics", new AdminServer.Page(PROMETHEUS_TEXT, () -> registry.scrape()),
            "/routes", new AdminServer.Page(JSON, pages::routes),
            "/clusters", new AdminServer.Page(JSON, pages::clusters)),
        actions);
  }

  /** Tells whose state the pages show; until then they are empty. */
  public void attach(GatewayProcess started) {
    process.set(started);
    onLive();
  }

  private Snapshot snapshot() {
    GatewayProcess running = process.get();
    return running == null ? Snapshot.empty() : running.dataPlane().current();
  }

  private double availableEndpoints() {
    return snapshot().clusters().values().stream().mapToInt(Cluster::availableCount).sum();
  }

  private double ejections() {
    return snapshot().clusters().values().stream().mapToLong(Cluster::ejectionCount).sum();
  }

  /** Forgets the meters of what is no longer configured. */
  private void onLive() {
    Snapshot snapshot = snapshot();
    http.retain(
        snapshot.model().listeners().stream()
            .map(ListenerSpec::statsPrefix)
            .collect(Collectors.toUnmodifiableSet()),
        snapshot.model().clusters().values().stream()
            .map(ClusterSpec::statsName)
            .collect(Collectors.toUnmodifiableSet()));
    listeners.retain(snapshot.model().listeners());
  }

  @Override
  public void close() {
    if (tracer != null) {
      tracer.close();
    }
    if (lines != null) {
      lines.close();
    }
    if (logFile != null) {
      try {
        logFile.close();
      } catch (IOException e) {
        // Everything was flushed before; there is nobody left to tell.
      }
    }
    gc.close();
    registry.close();
  }
}
