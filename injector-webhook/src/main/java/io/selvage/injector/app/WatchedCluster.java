// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import io.selvage.injector.patch.TrustRoots;
import io.selvage.injector.webhook.ClusterView;
import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateListener;
import io.selvage.kube.KindSelection;
import io.selvage.kube.KindSelection.Entry;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.NamedObjects;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.Namespace;
import io.selvage.model.kube.ObjectMeta;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster as the injector sees it: namespaces are watched, what stands between a pod and its
 * workload is asked for when it is needed, both by their metadata alone.
 */
final class WatchedCluster implements ClusterView, ClusterStateListener {
  /** What is watched: all namespaces, and the trust roots in each of them. */
  static final KindSelection WATCHED =
      KindSelection.of(
          Entry.metadata(Kind.NAMESPACE), Entry.single(Kind.CONFIG_MAP, "", TrustRoots.CONFIG_MAP));

  private static final Logger log = LoggerFactory.getLogger(WatchedCluster.class);

  private final NamedObjects objects;
  private volatile ClusterState state = ClusterState.empty();

  WatchedCluster(NamedObjects objects) {
    this.objects = objects;
  }

  @Override
  public void onChange(ClusterChange change) {
    state = change.state();
  }

  ClusterState state() {
    return state;
  }

  @Override
  public Map<String, String> namespaceAnnotations(String namespace) throws ClusterAwayException {
    Optional<Namespace> known = state.find(Kind.NAMESPACE, "", namespace);
    if (known.isPresent()) {
      return known.get().metadata().annotations();
    }
    // Made a moment ago, or none was read yet.
    try {
      return objects
          .find(Kind.NAMESPACE, "", namespace)
          .map(found -> found.metadata().annotations())
          .orElse(Map.of());
    } catch (ApiCallException e) {
      throw new ClusterAwayException(
          "the namespace of the pod cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public Optional<ObjectMeta> between(String kind, String namespace, String name) {
    Kind<? extends KubeObject> of =
        switch (kind) {
          case "ReplicaSet" -> Kind.REPLICA_SET;
          case "Job" -> Kind.JOB;
          default -> null;
        };
    if (of == null) {
      return Optional.empty();
    }
    try {
      return objects.find(of, namespace, name).map(KubeObject::metadata);
    } catch (ApiCallException e) {
      log.debug("the owner is guessed: {}", e.getMessage());
      return Optional.empty();
    }
  }
}
