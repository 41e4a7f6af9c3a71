// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import static java.util.Objects.requireNonNull;

import io.selvage.model.ObjectStatus;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.Problem;
import io.selvage.model.Problem.Severity;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.model.routing.Settings;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One compilation while it runs: what is there, what it becomes, what is wrong with it. Processors
 * get it one after another. Confined to the compiling thread.
 */
public final class CompileContext {
  private static final Logger LOG = LoggerFactory.getLogger(CompileContext.class);

  /** Reason of a problem that is a bug of Selvage. */
  public static final String INTERNAL_ERROR = "InternalError";

  private final ClusterState state;
  private final CompileOptions options;
  private final BackendResolver backends;
  private final SecretResolver secrets;
  private final SortedMap<String, ListenerBuilder> listeners = new TreeMap<>();
  private final SortedMap<String, RouteTableBuilder> tables = new TreeMap<>();
  private final SortedMap<String, ClusterSpec> clusters = new TreeMap<>();
  private final Map<ObjectRef, Verdict> verdicts = new HashMap<>();
  private final Set<Problem> problems = new LinkedHashSet<>();
  private final Map<Class<?>, Object> shared = new HashMap<>();
  private Settings settings = Settings.defaults();

  private record Verdict(KubeObject object, State state) {}

  public CompileContext(
      ClusterState state, CompileOptions options, SecretCache cache, LastGood before) {
    this.state = requireNonNull(state, "state");
    this.options = requireNonNull(options, "options");
    this.backends = new BackendResolver(state, options.allowExternalName());
    this.secrets = new SecretResolver(state, cache, before, options.clock().instant());
  }

  public ClusterState state() {
    return state;
  }

  public CompileOptions options() {
    return options;
  }

  public BackendResolver backends() {
    return backends;
  }

  public SecretResolver secrets() {
    return secrets;
  }

  /** All objects of a kind in the watched namespace, by namespace and name. */
  public <T extends KubeObject> Collection<T> all(Kind<T> kind) {
    Collection<T> all = state.all(kind);
    if (!kind.namespaced() || options.watchNamespace().isEmpty()) {
      return all;
    }
    String only = options.watchNamespace().get();
    return all.stream().filter(o -> o.metadata().namespace().equals(only)).toList();
  }

  /**
   * Translates objects one by one. One that makes the translation throw is reported with {@link
   * #INTERNAL_ERROR} and left out; the others go on.
   */
  public <T extends KubeObject> void each(Collection<T> objects, Consumer<? super T> translate) {
    for (T object : objects) {
      guard(object, () -> translate.accept(object));
    }
  }

  /** Runs a step on behalf of one object, which alone pays for an exception. */
  public void guard(KubeObject object, Runnable step) {
    if (!guardAll(List.of(object.ref()), step)) {
      status(object, State.INACTIVE);
    }
  }

  /**
   * Runs a step on behalf of several objects, which alone pay for an exception. Their status stays
   * the caller's business.
   *
   * @return false if the step failed
   */
  public boolean guardAll(List<ObjectRef> objects, Runnable step) {
    try {
      step.run();
      return true;
    } catch (RuntimeException | StackOverflowError bug) {
      LOG.atError().addKeyValue("objects", objects).setCause(bug).log("translation failed");
      for (ObjectRef object : objects) {
        report(
            Problem.error(
                object,
                "",
                INTERNAL_ERROR,
                "could not be translated, which is a fault of Selvage: " + bug));
      }
      return false;
    }
  }

  /** Adds a problem; the same one counts once. A place in a file is filled in. */
  public void report(Problem problem) {
    Optional<Problem> placed =
        problem.location().isPresent()
            ? Optional.empty()
            : problem.object().flatMap(state::location).map(problem::at);
    problems.add(placed.orElse(problem));
  }

  /**
   * Claims an object and says whether it serves. Its problems are added to the status when the
   * compilation ends; a RUNNING object with an error becomes PARTIAL. The last call counts.
   */
  public void status(KubeObject object, State serves) {
    verdicts.put(object.ref(), new Verdict(object, serves));
  }

  /**
   * What several processors of one dialect share during this compilation, made by the first that
   * asks.
   */
  public <T> T shared(Class<T> type, Function<? super CompileContext, ? extends T> make) {
    Object known = shared.get(type);
    if (known == null) {
      known = make.apply(this);
      shared.put(type, known);
    }
    return type.cast(known);
  }

  /** Process-wide behaviour; {@link Settings#defaults()} until someone says otherwise. */
  public Settings settings() {
    return settings;
  }

  public void settings(Settings newSettings) {
    this.settings = requireNonNull(newSettings, "newSettings");
  }

  /**
   * The route table for an admission, made on first use. Listeners that admit the same share it.
   *
   * @param variant keeps apart tables that admit the same but serve it differently; usually empty
   */
  public RouteTableBuilder routeTable(Admission admission, String variant) {
    String name = variant.isEmpty() ? admission.text() : admission.text() + " " + variant;
    return tables.computeIfAbsent(name, n -> new RouteTableBuilder(n, admission));
  }

  /** All route tables so far, by name. */
  public Collection<RouteTableBuilder> routeTables() {
    return Collections.unmodifiableCollection(tables.values());
  }

  /** Adds a listener that serves HTTP from {@code table}. Its route table's name is filled in. */
  public ListenerBuilder addListener(ListenerSpec base, RouteTableBuilder table) {
    return add(new ListenerBuilder(base, table.admission(), Optional.of(table)));
  }

  /** Adds a listener that only carries raw TCP. */
  public ListenerBuilder addTcpListener(ListenerSpec base, Admission admission) {
    return add(new ListenerBuilder(base, admission, Optional.empty()));
  }

  private ListenerBuilder add(ListenerBuilder listener) {
    if (listeners.putIfAbsent(listener.base().name(), listener) != null) {
      throw new IllegalArgumentException("listener " + listener.base().name() + " twice");
    }
    return listener;
  }

  /** All listeners so far, by name. */
  public Collection<ListenerBuilder> listeners() {
    return Collections.unmodifiableCollection(listeners.values());
  }

  /** Takes a listener out again, for one that turned out to have nothing to serve. */
  public void removeListener(String name) {
    listeners.remove(name);
  }

  /**
   * Adds a cluster.
   *
   * @throws IllegalArgumentException if another cluster has this name: names carry what sets
   *     clusters apart
   */
  public void cluster(ClusterSpec cluster) {
    ClusterSpec before = clusters.putIfAbsent(cluster.name(), cluster);
    if (before != null && !before.equals(cluster)) {
      throw new IllegalArgumentException("cluster " + cluster.name() + " twice, and not the same");
    }
  }

  /** What the data path is to run. Route tables that no listener uses are left out. */
  public RoutingModel model() {
    var used = new TreeMap<String, RouteTableSpec>();
    for (ListenerBuilder listener : listeners.values()) {
      listener
          .routeTable()
          .ifPresent(table -> used.computeIfAbsent(table.name(), n -> table.build()));
    }
    return new RoutingModel(
        listeners.values().stream().map(ListenerBuilder::build).toList(), used, clusters, settings);
  }

  /** Addresses for every Service port that was asked for, by key. */
  public Map<String, EndpointSet> endpoints() {
    return EndpointSets.of(state).forKeys(backends.wantedKeys());
  }

  /** Everything wrong, errors first. Does not include the source's own problems. */
  public List<Problem> problems() {
    return problems.stream().sorted().toList();
  }

  /** One status for each claimed object, by object. */
  public List<ObjectStatus> statuses() {
    var byObject = new HashMap<ObjectRef, List<Problem>>();
    // What the source found counts too: an edit that cannot be read leaves the version before live,
    // and whoever made it looks at the status.
    var all = new LinkedHashSet<>(problems);
    all.addAll(state.problems());
    for (Problem p : all) {
      p.object().ifPresent(o -> byObject.computeIfAbsent(o, k -> new ArrayList<>(2)).add(p));
    }
    return verdicts.values().stream()
        .map(v -> status(v, byObject.getOrDefault(v.object().ref(), List.of())))
        .sorted()
        .toList();
  }

  private static ObjectStatus status(Verdict verdict, List<Problem> own) {
    KubeObject object = verdict.object();
    Optional<Problem> worst = own.stream().min(Comparator.naturalOrder());
    boolean failed = worst.map(p -> p.severity() == Severity.ERROR).orElse(false);
    State shown = verdict.state() == State.RUNNING && failed ? State.PARTIAL : verdict.state();
    String byDefault = shown == State.INACTIVE ? "NothingToServe" : "Accepted";
    Function<Problem, String> reason =
        p -> shown == State.RUNNING && p.severity() == Severity.WARNING ? byDefault : p.reason();
    return new ObjectStatus(
        object.ref(),
        object.metadata().generation(),
        shown,
        worst.map(reason).orElse(byDefault),
        worst.map(Problem::message).orElse(""),
        own);
  }
}
