// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.gateway.explain.ExplainPage;
import io.selvage.gateway.explain.ServedTables;
import io.selvage.gateway.mesh.GatewayMember;
import io.selvage.gateway.status.ProblemView;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.StatusSink;
import io.selvage.model.kube.ClusterState;
import io.selvage.proxy.admin.AdminServer;
import io.selvage.proxy.admin.Readiness;
import io.selvage.proxy.engine.DataPlane;
import io.selvage.proxy.engine.DataPlaneOptions;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.transport.VertxLoops;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Everything one gateway process consists of, wired top to bottom: Vert.x, the data path, the
 * gateway server, the admin port, and membership of the mesh where it is asked for. Closing it
 * closes all of them in the opposite order.
 */
public final class GatewayProcess implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 10;

  private final Vertx vertx;
  private final DataPlane dataPlane;
  private final GatewayServer server;
  private final AdminServer admin;
  private final Readiness readiness;
  private final @Nullable GatewayMember member;
  private final Object closing = new Object();
  // Guarded by closing.
  private boolean closed;

  private GatewayProcess(
      Vertx vertx,
      DataPlane dataPlane,
      GatewayServer server,
      AdminServer admin,
      Readiness readiness,
      @Nullable GatewayMember member) {
    this.vertx = vertx;
    this.dataPlane = dataPlane;
    this.server = server;
    this.admin = admin;
    this.readiness = readiness;
    this.member = member;
  }

  /**
   * What observes a process; see the fields of {@link DataPlaneOptions} for the data path's part.
   */
  public record Hooks(
      DataPlaneOptions dataPlane,
      CompileObserver compiling,
      Map<String, AdminServer.Page> pages,
      Map<String, AdminServer.Action> actions) {
    public Hooks {
      pages = Map.copyOf(pages);
      actions = Map.copyOf(actions);
    }

    /** Nobody observes. */
    public static Hooks none() {
      return new Hooks(DataPlaneOptions.defaults(), CompileObserver.none(), Map.of(), Map.of());
    }
  }

  /**
   * Starts a process and returns at once; {@link GatewayServer#firstLive()} tells when it serves.
   *
   * @throws IOException if the admin port cannot be opened
   */
  public static GatewayProcess start(
      GatewayOptions options, ClusterStateSource source, StatusSink statuses, Hooks hooks)
      throws IOException {
    int loops =
        options.eventLoops() > 0
            ? options.eventLoops()
            : Runtime.getRuntime().availableProcessors();
    Vertx vertx = VertxLoops.create(options.transport(), loops);
    var served = new AtomicReference<@Nullable DataPlane>();
    GatewayMember member =
        options
            .mesh()
            .map(mesh -> GatewayMember.start(mesh, VertxLoops.of(vertx), () -> snapshot(served)))
            .orElse(null);
    DataPlane dataPlane =
        DataPlane.create(
            vertx, member == null ? hooks.dataPlane() : member.join(hooks.dataPlane()));
    served.set(dataPlane);
    TrafficPlane traffic = new DataPlaneTraffic(dataPlane);
    var readiness = new Readiness();
    if (member != null) {
      traffic = member.join(traffic);
      member.join(readiness);
    }
    var server =
        new GatewayServer(options, source, statuses, traffic, readiness, hooks.compiling());
    try {
      AdminServer admin = openAdmin(vertx, options, readiness, hooks, server, dataPlane, member);
      server.start();
      return new GatewayProcess(vertx, dataPlane, server, admin, readiness, member);
    } catch (IOException | RuntimeException e) {
      server.close();
      if (member != null) {
        member.close();
      }
      await(vertx.close());
      throw e;
    }
  }

  private static Snapshot snapshot(AtomicReference<@Nullable DataPlane> served) {
    DataPlane current = served.get();
    return current == null ? Snapshot.empty() : current.current();
  }

  private static AdminServer openAdmin(
      Vertx vertx,
      GatewayOptions options,
      Readiness readiness,
      Hooks hooks,
      GatewayServer server,
      DataPlane dataPlane,
      @Nullable GatewayMember member)
      throws IOException {
    var pages = new TreeMap<>(hooks.pages());
    if (member != null) {
      member.join(pages);
    }
    var explain = new ExplainPage(() -> ServedTables.of(dataPlane.current()));
    pages.putIfAbsent("/explain", new AdminServer.Page("application/json", explain::render));
    pages.putIfAbsent(
        "/problems", new AdminServer.Page("application/json", () -> problems(server)));
    var actions = new TreeMap<>(hooks.actions());
    actions.putIfAbsent("/drain", new AdminServer.Action(HttpMethod.POST, body -> drain(server)));
    return await(
            AdminServer.start(
                vertx, options.adminAddress(), options.adminPort(), readiness, pages, actions))
        .orElseThrow(() ->
            new IOException(
                "the admin port "
                    + options.adminAddress()
                    + ":"
                    + options.adminPort()
                    + " cannot be opened; is it in use?"));
  }

  private static String problems(GatewayServer server) throws JsonProcessingException {
    // Each problem has its place already.
    var views = ProblemView.of(server.problems(), ClusterState.empty());
    return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(views) + "\n";
  }

  /** The answer comes at once; the process ends when the drain has. */
  private static Optional<String> drain(GatewayServer server) {
    Thread.ofPlatform().name("selvage-drain").start(server::drain);
    return Optional.empty();
  }

  private static <T> Optional<T> await(Future<T> future) {
    try {
      return Optional.ofNullable(
          future.toCompletionStage().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } catch (ExecutionException | TimeoutException e) {
      return Optional.empty();
    }
  }

  public GatewayServer server() {
    return server;
  }

  public DataPlane dataPlane() {
    return dataPlane;
  }

  public Readiness readiness() {
    return readiness;
  }

  /** The bound admin port. */
  public int adminPort() {
    return admin.port();
  }

  /** The line that says that traffic is served: {@code ready} and what is open where. */
  public String readyLine() {
    List<String> open = server.boundListeners();
    return "ready"
        + (open.isEmpty() ? "" : " " + String.join(" ", open))
        + " admin="
        + admin.port();
  }

  /** Drains in good order and closes everything. Blocks. */
  public void drainAndClose() {
    server.drain();
    close();
  }

  /** Stops at once. May be called repeatedly and from several threads; all wait for the end. */
  @Override
  public void close() {
    synchronized (closing) {
      if (!closed) {
        closed = true;
        server.close();
        await(admin.close());
        if (member != null) {
          member.close();
        }
        await(vertx.close());
      }
    }
  }
}
