// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.injector.Reconciler;
import io.selvage.injector.patch.TrustRoots;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.NamedObjects;
import io.selvage.kube.api.NamedObjects.Type;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ConfigMap;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.Namespace;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a copy of the mesh's trust roots into every namespace, since a pod can only mount a
 * ConfigMap of its own. A copy that differs is put right, whoever changed it. Works on one thread
 * of its own.
 */
final class TrustRootsPublisher implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TrustRootsPublisher.class);
  private static final Duration RETRY = Duration.ofSeconds(5);

  /** Rights, quotas and policies are changed by hand. */
  private static final Duration RETRY_REFUSED = Duration.ofSeconds(60);

  /** No pod of the mesh is there. */
  private static final Set<String> LEFT_OUT =
      Set.of("kube-system", "kube-public", "kube-node-lease");

  private final NamedObjects objects;
  private final String home;
  private final Duration retryRefused;
  private final Supplier<ClusterState> cluster;
  private final Reconciler reconciler =
      new Reconciler("trust-roots", Duration.ofMillis(100), RETRY, this::publish);

  // Confined to the reconciler's thread.
  private boolean missing;

  /** Namespaces that take no copy, of which it was said. */
  private final Set<String> refusing = new HashSet<>();

  /**
   * @param home namespace of the original
   */
  TrustRootsPublisher(NamedObjects objects, String home, Supplier<ClusterState> cluster) {
    this(objects, home, cluster, RETRY_REFUSED);
  }

  /**
   * @param retryRefused after which a namespace that took no copy is tried again
   */
  TrustRootsPublisher(
      NamedObjects objects, String home, Supplier<ClusterState> cluster, Duration retryRefused) {
    this.retryRefused = retryRefused;
    this.objects = objects;
    this.home = home;
    this.cluster = cluster;
  }

  /** Something changed; from any thread. */
  void look() {
    reconciler.ask();
  }

  @Override
  public void close() {
    reconciler.close();
  }

  /** Says when to try again; empty if there is nothing left to do. */
  private Optional<Duration> publish() {
    ClusterState state = cluster.get();
    Optional<Map<String, String>> roots =
        state
            .find(Kind.CONFIG_MAP, home, TrustRoots.CONFIG_MAP)
            .map(ConfigMap::data)
            .filter(data -> data.containsKey(TrustRoots.KEY));
    if (roots.isEmpty()) {
      if (!missing) {
        log.warn(
            "there is no ConfigMap {}/{} with {}: injected pods wait until there is",
            home,
            TrustRoots.CONFIG_MAP,
            TrustRoots.KEY);
      }
      missing = true;
      return Optional.empty();
    }
    missing = false;
    Optional<Duration> again = Optional.empty();
    var namespaces = new HashSet<String>();
    for (Namespace namespace : state.all(Kind.NAMESPACE)) {
      String name = namespace.metadata().name();
      if (!name.equals(home) && !LEFT_OUT.contains(name)) {
        namespaces.add(name);
        boolean going = !namespace.metadata().deletionTimestamp().isEmpty();
        Optional<Duration> one =
            copy(state, name, going, roots.get().getOrDefault(TrustRoots.KEY, ""));
        again = Stream.concat(again.stream(), one.stream()).min(Comparator.naturalOrder());
      }
    }
    refusing.retainAll(namespaces);
    return again;
  }

  /**
   * @param going whether the namespace is being deleted, and takes nothing new
   * @return when to try again; empty if there is nothing left to do
   */
  private Optional<Duration> copy(ClusterState state, String namespace, boolean going, String pem) {
    Optional<ConfigMap> existing = state.find(Kind.CONFIG_MAP, namespace, TrustRoots.CONFIG_MAP);
    if (existing.isPresent() && existing.get().data().equals(Map.of(TrustRoots.KEY, pem))) {
      refusing.remove(namespace);
      return Optional.empty();
    }
    try {
      Optional<ObjectNode> now =
          existing.isEmpty()
              ? Optional.empty()
              : objects.get(Type.CONFIG_MAP, namespace, TrustRoots.CONFIG_MAP);
      ObjectNode map = now.orElseGet(JsonNodeFactory.instance::objectNode);
      ObjectNode metadata = map.withObject("/metadata");
      metadata.put("namespace", namespace).put("name", TrustRoots.CONFIG_MAP);
      metadata.withObject("/labels").put("app.kubernetes.io/managed-by", "selvage");
      map.putObject("data").put(TrustRoots.KEY, pem);
      if (now.isPresent()) {
        objects.replace(Type.CONFIG_MAP, map);
      } else {
        objects.create(Type.CONFIG_MAP, map);
      }
      refusing.remove(namespace);
      return Optional.empty();
    } catch (ApiCallException e) {
      if (e.isForbidden() && !going) {
        if (refusing.add(namespace)) {
          log.warn(
              "injected pods of {} cannot start, it takes no trust roots: {}",
              namespace,
              e.getMessage());
        }
        return Optional.of(retryRefused);
      }
      // Another replica may have been faster.
      log.debug("no trust roots in {}: {}", namespace, e.getMessage());
      return going || e.isConflict() || e.isNotFound() ? Optional.empty() : Optional.of(RETRY);
    } catch (RuntimeException e) {
      log.error("no trust roots in {}", namespace, e);
      return Optional.empty();
    }
  }
}
