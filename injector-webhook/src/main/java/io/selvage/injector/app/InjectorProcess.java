// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.selvage.injector.patch.PodMutator;
import io.selvage.injector.serving.ServingCertificates;
import io.selvage.injector.serving.ServingMaterial;
import io.selvage.injector.webhook.AdmissionHandler;
import io.selvage.injector.webhook.AdmissionMetrics;
import io.selvage.injector.webhook.AdmissionServer;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.api.ApiEvents;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.NamedObjects;
import io.selvage.model.kube.Kind;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An injector that runs. It opens its port as soon as it has a certificate, and is ready once it
 * has read the namespaces.
 */
public final class InjectorProcess implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(InjectorProcess.class);
  private static final long CLOSE_SECONDS = 10;

  private final InjectorOptions options;
  private final ApiServer api;
  private final Vertx vertx =
      Vertx.vertx(
          new VertxOptions()
              .setEventLoopPoolSize(2)
              .setWorkerPoolSize(8)
              // Nothing of ours is unpacked from the class path: no folder is written to.
              .setFileSystemOptions(new FileSystemOptions().setClassPathResolvingEnabled(false)));
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final AdmissionMetrics metrics = new AdmissionMetrics(registry);
  private final WatchedCluster cluster;
  private final TrustRootsPublisher trustRoots;
  private final ClusterStateSource source;
  private final ApiEvents events;
  private final AdmissionHandler handler;
  private final AdminPages admin;
  private final CompletableFuture<Integer> listening = new CompletableFuture<>();
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();
  private final List<AutoCloseable> opened = new ArrayList<>();

  private @Nullable AdmissionServer server;
  private volatile @Nullable ServingMaterial serving;
  private volatile int adminPort;
  private volatile boolean draining;

  private InjectorProcess(InjectorOptions options, ApiServer api) {
    this.options = options;
    this.api = api;
    var objects = new NamedObjects(api);
    // Owners are asked for one by one, and no more than their metadata is wanted.
    api.readMetadataOnly(Kind.REPLICA_SET);
    api.readMetadataOnly(Kind.JOB);
    this.cluster = new WatchedCluster(objects);
    this.trustRoots = new TrustRootsPublisher(objects, options.namespace(), cluster::state);
    this.source = api.source(WatchedCluster.WATCHED);
    this.events = ApiEvents.start(api, options.replica());
    this.handler =
        new AdmissionHandler(
            cluster,
            new PodMutator(options.settings()),
            events,
            metrics,
            options.acceptLinkerd(),
            options.clients().isPresent());
    this.admin = new AdminPages(vertx, registry, this::obstacles);
  }

  /**
   * Starts. The webhook's port opens later, once there is a certificate; an API server that is away
   * is waited for.
   *
   * @param api closed with the process
   * @throws IOException if the admin port cannot be opened
   */
  public static InjectorProcess start(InjectorOptions options, ApiServer api) throws IOException {
    var process = new InjectorProcess(options, api);
    try {
      process.open(new NamedObjects(api));
      return process;
    } catch (IOException | RuntimeException e) {
      process.close();
      throw e;
    }
  }

  private void open(NamedObjects objects) throws IOException {
    new JvmMemoryMetrics().bindTo(registry);
    Gauge.builder("selvage_inject_ready", () -> obstacles().isEmpty() ? 1 : 0)
        .description("whether reviews are answered")
        .register(registry);
    Gauge.builder("selvage_inject_certificate_expiry_seconds", this::secondsLeft)
        .description("life that the serving certificate has left")
        .register(registry);
    Gauge.builder("selvage_inject_events_dropped", events::dropped)
        .description("Events that were not written")
        .register(registry);
    adminPort = await(admin.listen(options.adminAddress(), options.adminPort()), "the admin port");
    source.start(change -> {
      cluster.onChange(change);
      trustRoots.look();
    });
    ServingCertificates certificates =
        ServingCertificates.start(objects, options.serving(), Clock.systemUTC(), this::serve);
    synchronized (opened) {
      opened.add(certificates);
    }
    Gauge.builder("selvage_inject_registered", () -> certificates.isRegistered() ? 1 : 0)
        .description("whether the API server's registration is there and believes us")
        .register(registry);
  }

  /** The webhook's port; complete once it is open, exceptionally if it cannot be opened. */
  public CompletableFuture<Integer> listening() {
    return listening.copy();
  }

  /** Complete once closed. */
  public CompletableFuture<Void> stopped() {
    return stopped.copy();
  }

  public int adminPort() {
    return adminPort;
  }

  /** Why it is not ready; empty if it is. */
  public List<String> obstacles() {
    var obstacles = new ArrayList<String>();
    if (draining) {
      obstacles.add("draining");
    }
    if (!listening.isDone() || listening.isCompletedExceptionally()) {
      obstacles.add("the webhook's port is not open: there is no certificate yet");
    }
    if (!source.health().synced()) {
      obstacles.add("the namespaces are not read yet: " + source.health().detail());
    }
    return obstacles;
  }

  /** On the certificates' thread. */
  private void serve(ServingMaterial material) {
    serving = material;
    AdmissionServer running = server;
    if (running != null) {
      running
          .update(material)
          .onSuccess(done -> log.info("serving by the new certificate"))
          .onFailure(e -> log.error("the new certificate cannot be used", e));
      return;
    }
    var first = new AdmissionServer(vertx, handler, metrics, options.clients(), material);
    server = first;
    first
        .listen(options.address(), options.port())
        .onSuccess(listening::complete)
        .onFailure(e -> {
          log.error("the webhook's port {}:{} cannot be opened", options.address(), options.port());
          listening.completeExceptionally(e);
        });
  }

  private double secondsLeft() {
    ServingMaterial material = serving;
    return material == null
        ? 0
        : material.notAfter().getEpochSecond() - System.currentTimeMillis() / 1000.0;
  }

  /**
   * Goes on answering but says that it is not ready, so that no review is sent here any more; then
   * closes. {@link #close} ends the wait.
   *
   * @param lameDuck how long to go on
   */
  public void drainAndClose(Duration lameDuck) {
    draining = true;
    try {
      stopped.get(lameDuck.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.debug("closing after {}", lameDuck);
    }
    close();
  }

  /** Ends: reviews that are being answered may finish. */
  @Override
  public void close() {
    draining = true;
    if (stopped.isDone()) {
      return;
    }
    synchronized (opened) {
      opened.forEach(InjectorProcess::closeQuietly);
    }
    AdmissionServer running = server;
    if (running != null) {
      quietly(running.close());
    }
    quietly(admin.close());
    trustRoots.close();
    source.close();
    events.close();
    quietly(vertx.close());
    api.close();
    registry.close();
    stopped.complete(null);
  }

  private static void closeQuietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
      log.debug("did not close well", e);
    }
  }

  private static void quietly(Future<?> closing) {
    try {
      closing.toCompletionStage().toCompletableFuture().get(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.debug("did not close well", e);
    }
  }

  private static <T> T await(Future<T> opening, String what) throws IOException {
    try {
      return opening.toCompletionStage().toCompletableFuture().get(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(what + " cannot be opened: interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(what + " cannot be opened: " + cause.getMessage(), e);
    }
  }
}
