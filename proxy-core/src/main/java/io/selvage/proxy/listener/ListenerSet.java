// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static java.util.Objects.requireNonNull;

import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listeners of the current snapshot. A socket lives as long as some listener of the model wants
 * its address and port, whatever it is called, so renaming or changing one never closes it. A
 * socket that cannot be opened is a problem of that listener alone and is tried again in the
 * background.
 *
 * <p>Thread-safe.
 */
public final class ListenerSet {
  private static final Logger log = LoggerFactory.getLogger(ListenerSet.class);

  private static final long FIRST_RETRY_MILLIS = 250;
  private static final long LONGEST_RETRY_MILLIS = 5_000;

  /** A wanted socket: bound, being bound, or waiting for another try. */
  private static final class Slot {
    private final String key;
    private ListenerSpec spec;
    private @Nullable ListenerServer server;
    private @Nullable Problem problem;
    private long retryMillis = FIRST_RETRY_MILLIS;
    private boolean wanted = true;

    Slot(String key, ListenerSpec spec) {
      this.key = key;
      this.spec = spec;
    }
  }

  private final ListenerEnvironment environment;
  private final Map<String, Slot> slots = new LinkedHashMap<>();

  /** Listeners that are gone but whose connections may still run. */
  private final List<ListenerServer> retired = new ArrayList<>();

  private boolean accepting = true;

  public ListenerSet(ListenerEnvironment environment) {
    this.environment = requireNonNull(environment, "environment");
  }

  /**
   * Opens, changes and closes until the given listeners are what is served. Never fails for what a
   * user can get wrong. Not for event loops.
   *
   * @return completes when each socket has been tried once, with the problems found: ports that
   *     could not be opened, listeners that claim the same port, certificates that could not be
   *     used
   */
  public synchronized Future<List<Problem>> apply(Collection<ListenerSpec> specs) {
    List<Problem> problems = Collections.synchronizedList(new ArrayList<>());
    Map<String, ListenerSpec> wanted = new LinkedHashMap<>();
    for (ListenerSpec spec : specs) {
      ListenerSpec first = wanted.putIfAbsent(socketKey(spec), spec);
      if (first != null) {
        problems.add(
            problem(
                spec,
                "PortConflict",
                "port " + spec.port() + " is already claimed by listener " + first.name()));
      }
    }
    List<Future<?>> closing = removeUnwanted(wanted);
    List<Slot> opening = new ArrayList<>();
    wanted.forEach((key, spec) -> {
      Slot slot = slots.get(key);
      if (slot == null) {
        slot = new Slot(key, spec);
        slots.put(key, slot);
        opening.add(slot);
      } else {
        ListenerSpec before = slot.spec;
        slot.spec = spec;
        if (slot.server != null) {
          slot.server.update(spec, problems::add);
          if (!spec.name().equals(before.name())
              || !spec.statsPrefix().equals(before.statsPrefix())) {
            environment.observer().onRenamed(before, spec);
          }
        } else if (slot.problem != null) {
          problems.add(slot.problem);
        }
      }
    });
    // A wildcard address may give way to a single one of the same port: first close, then open.
    return Future.join(closing)
        .otherwiseEmpty()
        .compose(closed -> {
          List<Future<?>> tries = new ArrayList<>();
          opening.forEach(slot -> tries.add(open(slot, problems)));
          return Future.join(tries).otherwiseEmpty();
        })
        .map(done -> List.copyOf(problems));
  }

  private List<Future<?>> removeUnwanted(Map<String, ListenerSpec> wanted) {
    List<Future<?>> closing = new ArrayList<>();
    retired.removeIf(server -> server.openConnections() == 0);
    for (Slot slot : List.copyOf(slots.values())) {
      if (wanted.containsKey(slot.key)) {
        continue;
      }
      slots.remove(slot.key);
      slot.wanted = false;
      if (slot.server != null) {
        closing.add(Future.fromCompletionStage(slot.server.retire()));
        retired.add(slot.server);
      }
    }
    return closing;
  }

  /** One try; completes in any case. */
  private Future<Void> open(Slot slot, Collection<Problem> problems) {
    Promise<Void> tried = Promise.promise();
    ListenerSpec spec;
    synchronized (this) {
      spec = slot.spec;
    }
    Future.fromCompletionStage(ListenerServer.bind(spec, environment, problems::add))
        .onComplete(result -> {
          if (result.succeeded()) {
            onBound(slot, spec, result.result());
          } else {
            onFailed(slot, spec, result.cause(), problems);
          }
          tried.complete();
        });
    return tried.future();
  }

  private synchronized void onBound(Slot slot, ListenerSpec spec, ListenerServer server) {
    if (!slot.wanted || !accepting) {
      server.close();
      return;
    }
    if (slot.problem != null) {
      log.atInfo()
          .addKeyValue("listener", spec.name())
          .addKeyValue("port", server.port())
          .log("the port is free now, the listener serves");
    }
    slot.problem = null;
    slot.server = server;
    environment.observer().onBound(spec, server.port());
    if (!slot.spec.equals(spec)) {
      // Changed while the socket was being opened.
      server.update(slot.spec, late -> log.atWarn().log(late.toString()));
    }
  }

  private synchronized void onFailed(
      Slot slot, ListenerSpec spec, Throwable cause, Collection<Problem> problems) {
    if (!slot.wanted || !accepting) {
      return;
    }
    Problem problem = bindProblem(spec, cause);
    problems.add(problem);
    if (!problem.equals(slot.problem)) {
      slot.problem = problem;
      environment.observer().onBindFailed(spec, problem);
      log.atWarn().addKeyValue("listener", spec.name()).log(problem.message());
    }
    environment.loops().next().schedule(() -> retry(slot), slot.retryMillis, TimeUnit.MILLISECONDS);
    slot.retryMillis = Math.min(2 * slot.retryMillis, LONGEST_RETRY_MILLIS);
  }

  private void retry(Slot slot) {
    synchronized (this) {
      if (!slot.wanted || !accepting) {
        return;
      }
    }
    open(slot, new ArrayList<>());
  }

  private static Problem bindProblem(ListenerSpec spec, Throwable cause) {
    String text = String.valueOf(cause.getMessage());
    boolean inUse = text.contains("in use");
    return problem(
        spec,
        inUse ? "PortInUse" : "BindFailed",
        inUse
            ? "port " + spec.port() + " of " + spec.address() + " is in use by another process"
            : "port " + spec.port() + " of " + spec.address() + " cannot be opened: " + text);
  }

  private static Problem problem(ListenerSpec spec, String reason, String message) {
    return new Problem(
        Problem.Severity.ERROR,
        spec.origin(),
        Optional.empty(),
        "spec.port",
        reason,
        "listener " + spec.name() + ": " + message);
  }

  private static String socketKey(ListenerSpec spec) {
    String key = spec.address() + ' ' + spec.port();
    // Any free port: two listeners may ask for one each.
    return spec.port() == 0 ? key + ' ' + spec.name() : key;
  }

  /** Ports that are open, by listener name. */
  public synchronized SortedMap<String, Integer> ports() {
    SortedMap<String, Integer> ports = new TreeMap<>();
    for (Slot slot : slots.values()) {
      if (slot.server != null) {
        ports.put(slot.spec.name(), slot.server.port());
      }
    }
    return ports;
  }

  /** Listeners whose socket could not be opened so far. */
  public synchronized List<Problem> bindProblems() {
    return slots.values().stream().flatMap(s -> Optional.ofNullable(s.problem).stream()).toList();
  }

  /** Certificates of running listeners that cannot be used. */
  public synchronized List<Problem> certificateProblems() {
    return slots.values().stream()
        .flatMap(s -> Optional.ofNullable(s.server).stream())
        .flatMap(server -> server.certificateProblems().stream())
        .toList();
  }

  /** The running listener of this name; null when it is not bound. */
  public synchronized @Nullable ListenerServer find(String name) {
    for (Slot slot : slots.values()) {
      if (slot.server != null && slot.spec.name().equals(name)) {
        return slot.server;
      }
    }
    return null;
  }

  /** Open connections of all listeners, removed ones included. */
  public synchronized int openConnections() {
    return servers().stream().mapToInt(ListenerServer::openConnections).sum();
  }

  /** Closes the sockets, for good; connections go on. */
  public synchronized Future<Void> stopAccepting() {
    accepting = false;
    List<Future<?>> closing = new ArrayList<>();
    servers().forEach(server -> closing.add(Future.fromCompletionStage(server.stopAccepting())));
    return Future.join(closing).mapEmpty();
  }

  /** Tells every connection to end after what runs on it. */
  public synchronized void drainConnections() {
    servers().forEach(ListenerServer::drainConnections);
  }

  /** Closes everything at once. */
  public synchronized Future<Void> close() {
    accepting = false;
    List<Future<?>> closing = new ArrayList<>();
    servers().forEach(server -> closing.add(Future.fromCompletionStage(server.close())));
    slots.clear();
    retired.clear();
    return Future.join(closing).mapEmpty();
  }

  private List<ListenerServer> servers() {
    List<ListenerServer> servers = new ArrayList<>(retired);
    for (Slot slot : slots.values()) {
      if (slot.server != null) {
        servers.add(slot.server);
      }
    }
    return servers;
  }
}
