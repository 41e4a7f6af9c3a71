// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static java.util.Objects.requireNonNull;

import com.sun.management.UnixOperatingSystemMXBean;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.selvage.controlplane.api.Overview;
import io.selvage.controlplane.api.OverviewApi;
import io.selvage.controlplane.discovery.DiscoveryService;
import io.selvage.controlplane.identity.IdentityEvents;
import io.selvage.controlplane.identity.IdentityOptions;
import io.selvage.controlplane.identity.IdentityService;
import io.selvage.controlplane.identity.IssuerStorage;
import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.link.ClusterView;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.controlplane.page.PageRoutes;
import io.selvage.controlplane.policy.InboundPolicies;
import io.selvage.controlplane.replica.ReplicaShare;
import io.selvage.controlplane.server.Handshakes;
import io.selvage.controlplane.server.MeshServer;
import io.selvage.controlplane.server.ServerLimits;
import io.selvage.controlplane.sessions.SessionCounters;
import io.selvage.controlplane.sessions.SessionLimits;
import io.selvage.controlplane.sessions.Sessions;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.SourceHealth;
import io.selvage.kube.TokenVerifier;
import io.selvage.kube.api.TokenReview;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything one control plane consists of, wired top to bottom. It listens at once, so that
 * Certify works and a port in use is known; streams of proxies are let in once the objects are
 * known. What happens to the source afterwards, the last state goes on being served.
 */
public final class ControlPlaneProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlPlaneProcess.class);

  /** Connections of the API's port, and of the admin port. */
  private static final int PAGE_CONNECTIONS = 512;

  private static final long PATIENCE_SECONDS = 10;
  private static final long READY_POLL_MILLIS = 50;
  private static final long REPLICAS_POLL_MILLIS = 1_000;

  /** A watch that is opened anew makes nothing old. */
  private static final Duration BLINK = Duration.ofSeconds(10);

  private final ControlPlaneOptions options;
  private final String instance;
  private final Vertx vertx;
  private final ClusterStateSource source;
  private final InstantSource clock;
  private final ClusterHub hub = new ClusterHub();
  private final ReplicaPods replicas;
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final CurrentProblems problems = new CurrentProblems();
  private final IdentityService identity;
  private final DiscoveryService discovery;
  private final Sessions sessions;
  private final Traffic traffic;
  private final ReplicaShare share;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();
  private final MeshServer server;
  private final ApiPort api;
  private final AdminPort admin;
  private volatile List<Problem> clusterProblems = List.of();
  private List<Problem> reportedOfCluster = List.of();
  private List<Problem> reportedOfIdentity = List.of();
  private volatile boolean admitted;
  private volatile boolean draining;

  /**
   * What identity works with.
   *
   * @param storage of issuer and anchors; closed with the process
   * @param tokens says whose tokens are
   * @param events told of certificates issued and refused
   * @param permission says who may rotate the root
   */
  public record IdentityParts(
      IssuerStorage storage,
      TokenVerifier tokens,
      IdentityEvents events,
      RotatePermission permission) {
    public IdentityParts {
      requireNonNull(storage, "storage");
      requireNonNull(tokens, "tokens");
      requireNonNull(events, "events");
      requireNonNull(permission, "permission");
    }
  }

  /** What takes the proxies' reports, as a part of the process. */
  public interface Traffic extends AutoCloseable {
    TrafficSink sink();

    /** Its part of the API. */
    List<ApiRoutes> routes();

    /** Other pages served beside the API. */
    default List<Overview.Link> links() {
      return List.of();
    }

    /** Says which proxies can be asked for single exchanges; once, before any of them comes. */
    default void connect(ProxyFleet fleet) {}

    /**
     * Says which replicas are not heard, so that what their proxies report is missing; once.
     *
     * @param silent names of pods, of this moment; thread-safe
     */
    default void silentReplicas(Supplier<List<String>> silent) {}

    /**
     * Says which replicas did not pass on all that their proxies have reported; once.
     *
     * @param incomplete names of pods, of this moment; thread-safe
     */
    default void incompleteReplicas(Supplier<List<String>> incomplete) {}

    @Override
    void close();
  }

  /** Makes the part that takes the reports. */
  @FunctionalInterface
  public interface TrafficFactory {
    Traffic start(ClusterView cluster, MeterRegistry metrics);
  }

  private ControlPlaneProcess(
      ControlPlaneOptions options,
      ClusterStateSource source,
      IdentityParts parts,
      TrafficFactory trafficFactory,
      InstantSource clock,
      String pod)
      throws IOException {
    this.instance = pod + "-" + Integer.toHexString(ThreadLocalRandom.current().nextInt());
    this.options = options;
    this.source = source;
    this.clock = clock;
    this.replicas = new ReplicaPods(options.namespace());
    var counters = new SessionCounters(registry);
    var handshakes = new Handshakes(ServerLimits.DEFAULT);
    this.vertx =
        Vertx.builder()
            // Nothing of ours is unpacked from the class path: no folder is written to.
            .with(
                new VertxOptions()
                    .setFileSystemOptions(
                        new FileSystemOptions().setClassPathResolvingEnabled(false)))
            .withTransport(
                BoundedAccept.transport(
                    port -> port == options.port() ? mostConnections() : PAGE_CONNECTIONS,
                    port -> port == options.port() ? Optional.of(handshakes) : Optional.empty(),
                    counters::refused))
            .build();
    this.identity =
        new IdentityService(
            pod,
            IdentityOptions.defaults(options.self())
                .withLeaves(options.issuanceLifetime(), options.clockSkewAllowance())
                .withPodBoundOnly(parts.tokens() instanceof TokenReview),
            parts.storage(),
            parts.tokens(),
            parts.events(),
            parts.permission(),
            registry,
            clock);
    this.discovery =
        new DiscoveryService(
            options.trustDomain(),
            options.namespace(),
            new InboundPolicies(
                options.defaultInboundPolicy(), options.clusterNetworks(), options.probeNetworks()),
            this::clusterProblems);
    this.traffic = trafficFactory.start(hub, registry);
    this.share =
        new ReplicaShare(
            vertx,
            new ReplicaShare.Self(instance, pod, options.self(), identity::serverKeys, clock),
            traffic.sink(),
            registry);
    this.sessions =
        new Sessions(
            new Sessions.Parts(
                discovery,
                identity,
                share.sink(),
                counters,
                clock,
                instance,
                options.reportInterval(),
                options.toleratesUnknownPods(),
                options::mayBeGateway),
            SessionLimits.DEFAULT);
    try {
      identity.among(replicas::names);
      identity.start();
      identity.connect(sessions);
      share.connect(sessions);
      traffic.connect(share.fleet());
      traffic.silentReplicas(share::silent);
      traffic.incompleteReplicas(share::incomplete);
      hub.listen(replicas);
      hub.listen(discovery);
      this.server =
          opened(
              "gRPC",
              options.address(),
              options.port(),
              MeshServer.start(
                  vertx,
                  options.address(),
                  options.port(),
                  new MeshServer.Services(
                      identity::serverKeys,
                      options.trustDomain(),
                      identity,
                      sessions,
                      counters,
                      clock,
                      share.hub()),
                  ServerLimits.DEFAULT,
                  handshakes));
      var routes = new ArrayList<ApiRoutes>(traffic.routes());
      routes.add(identity);
      routes.add(new OverviewApi(overview()::make));
      routes.add(new PageRoutes());
      this.api =
          opened(
              "API",
              options.apiAddress(),
              options.apiPort(),
              ApiPort.start(vertx, options.apiAddress(), options.apiPort(), routes));
      this.admin =
          opened(
              "admin",
              options.adminAddress(),
              options.adminPort(),
              AdminPort.start(
                  vertx, options.adminAddress(), options.adminPort(), this::missing, pages()));
      Gauge.builder("selvage.control.handshakes", handshakes, Handshakes::size)
          .description("Connections of the gRPC port that have not ended their TLS handshake")
          .strongReference(true)
          .register(registry);
      ControlPlaneMetrics.register(registry, sessions, discovery, server, source, problems, clock);
    } catch (IOException | RuntimeException e) {
      closeParts();
      throw e;
    }
  }

  /**
   * Connections of the gRPC port, those in their handshake included: a quarter more than may be
   * past it, but never more than half of what files the process may open.
   */
  private static int mostConnections() {
    int wanted = ServerLimits.DEFAULT.connections() * 5 / 4;
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
        ? (int) Math.min(wanted, unix.getMaxFileDescriptorCount() / 2)
        : wanted;
  }

  /**
   * Starts a process; {@link #ready()} tells when it serves.
   *
   * @param source started and closed by the process
   * @throws IOException if a port cannot be opened
   */
  public static ControlPlaneProcess start(
      ControlPlaneOptions options,
      ClusterStateSource source,
      IdentityParts identity,
      TrafficFactory traffic,
      InstantSource clock)
      throws IOException {
    return start(options, source, identity, traffic, clock, podName());
  }

  /**
   * The same in a pod of another name than the environment says.
   *
   * @param pod name, unique among the replicas
   */
  static ControlPlaneProcess start(
      ControlPlaneOptions options,
      ClusterStateSource source,
      IdentityParts identity,
      TrafficFactory traffic,
      InstantSource clock,
      String pod)
      throws IOException {
    var process = new ControlPlaneProcess(options, source, identity, traffic, clock, pod);
    process.begin();
    return process;
  }

  private void begin() {
    source.start(hub);
    vertx.setPeriodic(
        READY_POLL_MILLIS,
        timer -> {
          reportProblems();
          admitWhenKnown();
          sessions.behind(behindSince());
          if (!ready.isDone() && missing().isEmpty()) {
            ready.complete(null);
          }
        });
    vertx.setPeriodic(
        REPLICAS_POLL_MILLIS,
        timer -> {
          if (discovery.isSynced()) {
            replicas
                .found()
                .ifPresent(now -> share.look(now.addresses(), now.serving(), server.port()));
          }
        });
  }

  /** From the first good look at the source on; what happens to it later changes nothing. */
  private void admitWhenKnown() {
    if (!admitted && !draining && discovery.isSynced() && source.health().connected()) {
      admitted = true;
      sessions.admit();
    }
  }

  /** Since when the source has been away; null while it is there, or away for a moment only. */
  private @Nullable Instant behindSince() {
    SourceHealth health = source.health();
    boolean counts = !health.connected() && health.since().plus(BLINK).isBefore(clock.instant());
    return counts ? health.since() : null;
  }

  private OverviewMaker overview() {
    return new OverviewMaker(
        new OverviewMaker.Parts(
            instance,
            options.trustDomain(),
            options.issuanceLifetime(),
            source,
            hub::current,
            problems::current,
            this::missing,
            identity,
            share.fleet(),
            share::silent,
            traffic.links(),
            clock));
  }

  private Map<String, AdminPort.Page> pages() {
    return Map.of(
        "/metrics",
        new AdminPort.Page("text/plain; version=0.0.4; charset=utf-8", registry::scrape),
        "/problems",
        new AdminPort.Page("application/json", () -> problems.json(hub.current())));
  }

  private void clusterProblems(List<Problem> found) {
    clusterProblems = found;
  }

  /** Asked many times a second, on an event loop; confined to it. */
  @SuppressWarnings("ReferenceEquality") // discovery hands over another list when they differ
  private void reportProblems() {
    List<Problem> ofCluster = clusterProblems;
    List<Problem> ofIdentity = identity.problems();
    if (ofCluster == reportedOfCluster && ofIdentity.equals(reportedOfIdentity)) {
      return;
    }
    reportedOfCluster = ofCluster;
    reportedOfIdentity = ofIdentity;
    var all = new ArrayList<>(ofCluster);
    all.addAll(ofIdentity);
    problems.update(all);
  }

  /** What is missing until proxies are served; empty when nothing is. */
  private List<String> missing() {
    var missing = new ArrayList<String>();
    if (draining) {
      missing.add("draining");
    }
    if (!admitted) {
      missing.add("objects: not read yet: " + source.health().detail());
    }
    if (!identity.isReady()) {
      missing.add(
          identity.problems().stream()
              .findFirst()
              .map(problem -> "identity: no issuer that may issue now: " + problem.message())
              .orElse("identity: no issuer that may issue now"));
    }
    return missing;
  }

  /** Of our own pod; in a cluster the host's name is the pod's. */
  private static String podName() {
    // With the node's network, the host's name is the node's.
    for (String name : List.of("POD_NAME", "HOSTNAME")) {
      String value = System.getenv(name);
      if (value != null && !value.isBlank()) {
        return value;
      }
    }
    return "control-plane";
  }

  private static <T> T opened(String name, String address, int port, Future<T> opening)
      throws IOException {
    try {
      return opening
          .toCompletionStage()
          .toCompletableFuture()
          .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while opening the " + name + " port", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(
          "the " + name + " port " + address + ":" + port + " cannot be opened; is it in use?", e);
    }
  }

  /** Done when proxies are served for the first time. */
  public CompletableFuture<Void> ready() {
    return ready.copy();
  }

  /** Done when the process has closed everything. */
  public CompletableFuture<Void> stopped() {
    return stopped.copy();
  }

  /** {@code ready grpc=PORT api=PORT admin=PORT}. */
  public String readyLine() {
    return "ready grpc=" + server.port() + " api=" + api.port() + " admin=" + admin.port();
  }

  /** The bound gRPC port. */
  public int grpcPort() {
    return server.port();
  }

  /** The bound port of the API. */
  public int apiPort() {
    return api.port();
  }

  /** The bound admin port. */
  public int adminPort() {
    return admin.port();
  }

  /** The newest objects. */
  public ClusterState cluster() {
    return hub.current();
  }

  /**
   * Goes on as before but says that it is not ready, so that nobody is sent here any more; then
   * does as {@link #drainAndClose()}. {@link #close} ends the wait.
   *
   * @param lameDuck how long to go on
   */
  public void drainAndClose(Duration lameDuck) {
    draining = true;
    try {
      stopped.get(lameDuck.toMillis(), TimeUnit.MILLISECONDS);
      return; // closed meanwhile
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("draining after {}", lameDuck);
    }
    drainAndClose();
  }

  /**
   * Takes nobody in any more, ends every stream, spread over half the drain timeout, and closes
   * everything. Blocks; may be called repeatedly.
   */
  public void drainAndClose() {
    draining = true;
    share.close();
    sessions.drain(options.drainTimeout().dividedBy(2));
    quietly("the drain", server.shutdown(options.drainTimeout()));
    close();
  }

  /** Closes everything at once. May be called repeatedly. */
  @Override
  public void close() {
    draining = true;
    closeParts();
    stopped.complete(null);
  }

  private void closeParts() {
    source.close();
    share.close();
    quietly("Vert.x", vertx.close());
    traffic.close();
    identity.close();
    discovery.close();
  }

  private void quietly(String what, Future<?> ending) {
    try {
      ending
          .toCompletionStage()
          .toCompletableFuture()
          .get(options.drainTimeout().toSeconds() + PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("{} did not end as it should", what, e);
    }
  }
}
