// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import io.selvage.gateway.compile.CompileResult;
import io.selvage.gateway.compile.GatewayCompiler;
import io.selvage.gateway.status.ProblemView;
import io.selvage.gateway.status.Verdicts;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.gateway.translate.LastGood;
import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateListener;
import io.selvage.kube.ProblemLog;
import io.selvage.kube.StatusSink;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.RoutingModel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Carries changes of objects to the data path. Objects are compiled on a thread of their own, after
 * a hold-off; endpoints go straight through on the source's thread, even while a compilation runs.
 * One lock, held for map lookups and the handing over to the data path but never while compiling,
 * keeps an older compilation from undoing a newer endpoint change.
 *
 * <p>Whatever fails leaves the last model live. From time to time everything is compiled again
 * although no object changed: certificates begin and expire by the clock.
 */
public final class CompileLoop implements ClusterStateListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CompileLoop.class);

  /** Pause between looks at what changes with time alone. */
  private static final Duration LOOK_AGAIN_EVERY = Duration.ofMinutes(1);

  private final GatewayCompiler compiler;
  private final CompileOptions options;
  private final TrafficPlane traffic;
  private final StatusSink statuses;
  private final CompileObserver observer;
  private final Consumer<CompileResult> onLive;
  private final ScheduledExecutorService thread;

  private final Object lock = new Object();
  // All guarded by lock.
  private final EndpointLane lane = new EndpointLane();
  private final HoldOff holdOff = new HoldOff(HoldOff.QUIET, HoldOff.AT_MOST);
  private @Nullable ClusterState newest;
  private long desired;
  private boolean scheduled;

  // Confined to the compiling thread.
  private final ProblemLog problemLog = new ProblemLog();
  private @Nullable RoutingModel liveModel;
  private List<Problem> applyProblems = List.of();
  private LastGood lastGood = LastGood.none();
  private long liveGeneration;

  private volatile @Nullable CompileResult live;
  private volatile List<Problem> problems = List.of();

  /**
   * @param onLive called on the compiling thread each time a compilation has become live
   */
  public CompileLoop(
      GatewayCompiler compiler,
      CompileOptions options,
      TrafficPlane traffic,
      StatusSink statuses,
      CompileObserver observer,
      Consumer<CompileResult> onLive) {
    this(compiler, options, traffic, statuses, observer, onLive, LOOK_AGAIN_EVERY);
  }

  CompileLoop(
      GatewayCompiler compiler,
      CompileOptions options,
      TrafficPlane traffic,
      StatusSink statuses,
      CompileObserver observer,
      Consumer<CompileResult> onLive,
      Duration lookAgainEvery) {
    this.compiler = compiler;
    this.options = options;
    this.traffic = traffic;
    this.statuses = statuses;
    this.observer = observer;
    this.onLive = onLive;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("selvage-compiler").daemon(true).factory());
    long pause = lookAgainEvery.toMillis();
    thread.scheduleWithFixedDelay(this::lookAgain, pause, pause, TimeUnit.MILLISECONDS);
  }

  /** The compilation that is live; empty before the first. */
  public Optional<CompileResult> live() {
    return Optional.ofNullable(live);
  }

  /** Everything wrong with what is live, the source's and the data path's problems included. */
  public List<Problem> problems() {
    return problems;
  }

  @Override
  public void onChange(ClusterChange change) {
    switch (change) {
      case ClusterChange.Synced(ClusterState state) -> objectsChanged(state, true);
      case ClusterChange.ObjectsChanged(ClusterState state, var changed) ->
          objectsChanged(state, false);
      case ClusterChange.EndpointsChanged endpoints -> endpointsChanged(endpoints);
    }
  }

  private void objectsChanged(ClusterState state, boolean first) {
    long generation;
    synchronized (lock) {
      newest = state;
      lane.latest(state);
      generation = ++desired;
      holdOff.changed(System.nanoTime());
      if (!scheduled) {
        scheduled = true;
        // The first table is wanted at once: nothing is served that a burst could disturb.
        schedule(first ? 0 : HoldOff.QUIET.toNanos());
      }
    }
    observer.onDesired(generation);
  }

  private void endpointsChanged(ClusterChange.EndpointsChanged change) {
    long start = System.nanoTime();
    List<EndpointSet> different;
    synchronized (lock) {
      // A compilation that is waiting must not see addresses older than those that are live.
      newest = change.state();
      different = lane.advance(change.state(), change.changed());
      if (!different.isEmpty()) {
        traffic.updateEndpoints(different);
      }
    }
    if (!different.isEmpty()) {
      observer.onEndpoints(different.size(), Duration.ofNanos(System.nanoTime() - start));
    }
  }

  private void schedule(long delayNanos) {
    try {
      thread.schedule(this::turn, delayNanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("a change came after the end");
    }
  }

  private void lookAgain() {
    synchronized (lock) {
      if (newest == null || scheduled) {
        return;
      }
      scheduled = true;
    }
    turn();
  }

  private void turn() {
    ClusterState state;
    long generation;
    synchronized (lock) {
      long wait = live == null ? 0 : holdOff.remainingNanos(System.nanoTime());
      if (wait > 0) {
        schedule(wait);
        return;
      }
      scheduled = false;
      holdOff.taken();
      state = newest;
      generation = desired;
    }
    if (state == null) {
      return;
    }
    try {
      compileAndApply(state, generation);
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError bug) {
      LOG.atError().setCause(bug).log("the change could not be made live; the last one stays");
      observer.onFailure(generation);
    }
  }

  private void compileAndApply(ClusterState state, long generation) {
    long start = System.nanoTime();
    CompileResult result = compiler.compile(state, options, lastGood);
    long compiled = System.nanoTime();
    long applied = compiled;
    boolean differs = !result.model().equals(liveModel);
    // Problems of a failed bind may have gone with another process: try those again too.
    if (differs || !applyProblems.isEmpty()) {
      applyProblems = apply(state, result);
      liveModel = result.model();
      applied = System.nanoTime();
    } else {
      synchronized (lock) {
        var endpoints = lane.wanted(state, result.endpoints().keySet());
        traffic.updateEndpoints(endpoints.different());
        lane.runs(endpoints);
      }
    }
    lastGood = result.lastGood();
    var verdicts = Verdicts.of(result.statuses(), result.problems(), applyProblems);
    problems = verdicts.problems().stream().map(p -> ProblemView.located(p, state)).toList();
    live = result;
    problemLog.update(problems);
    boolean news = differs || generation != liveGeneration;
    liveGeneration = generation;
    LOG.atLevel(news ? Level.INFO : Level.DEBUG)
        .addKeyValue("generation", generation)
        .addKeyValue("changed", differs)
        .addKeyValue("compileMillis", (compiled - start) / 1_000_000)
        .addKeyValue("applyMillis", (applied - compiled) / 1_000_000)
        .addKeyValue("problems", verdicts.problems().size())
        .log("configuration is live");
    observer.onActive(
        generation,
        Duration.ofNanos(compiled - start),
        Duration.ofNanos(applied - compiled),
        verdicts.problems());
    onLive.accept(result);
    statuses.report(state, verdicts.statuses(), verdicts.unclaimed());
  }

  private List<Problem> apply(ClusterState state, CompileResult result) {
    synchronized (lock) {
      var endpoints = lane.wanted(state, result.endpoints().keySet());
      boolean applied = false;
      try {
        List<Problem> problems = List.copyOf(traffic.apply(result.model(), endpoints.all()));
        applied = true;
        return problems;
      } finally {
        if (applied) {
          lane.runs(endpoints);
        } else {
          lane.refused(endpoints);
        }
      }
    }
  }

  /** Stops compiling; what is live stays. May be called repeatedly. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
