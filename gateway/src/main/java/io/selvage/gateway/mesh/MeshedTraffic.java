// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.mesh;

import io.selvage.gateway.app.TrafficPlane;
import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.model.Problem;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RoutingModel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Tells the data path who each endpoint is: sets pass through here on their way, and pass again
 * when the directory of meshed pods changes. Routes are not compiled for it.
 *
 * <p>Until the control plane has said for the first time which pods are meshed, no endpoint is
 * known to be plain, so there are none: requests are answered 503, and the gateway is not ready.
 */
public final class MeshedTraffic implements TrafficPlane {
  private final TrafficPlane dataPath;
  private final PodDirectory pods;
  private final Executor executor;
  private final AtomicBoolean refreshing = new AtomicBoolean();
  private final Runnable endListening;

  // Guarded by this.
  private final Map<String, EndpointSet> plain = new HashMap<>();
  private final Map<String, EndpointSet> published = new HashMap<>();
  private boolean closed;

  /**
   * @param executor where changes of the directory are applied; the data path must not be changed
   *     on event loops
   */
  public MeshedTraffic(TrafficPlane dataPath, PodDirectory pods, Executor executor) {
    this.dataPath = dataPath;
    this.pods = pods;
    this.executor = executor;
    this.endListening = pods.listen(this::onDirectory);
  }

  @Override
  public synchronized List<Problem> apply(RoutingModel model, Map<String, EndpointSet> endpoints) {
    plain.clear();
    plain.putAll(endpoints);
    published.clear();
    endpoints.forEach((key, set) -> published.put(key, identified(set)));
    return dataPath.apply(model, published);
  }

  @Override
  public synchronized void updateEndpoints(Collection<EndpointSet> sets) {
    sets.forEach(set -> plain.put(set.key(), set));
    publish(sets);
  }

  private void publish(Collection<EndpointSet> sets) {
    var different = new ArrayList<EndpointSet>();
    for (EndpointSet set : sets) {
      EndpointSet identified = identified(set);
      if (!identified.equals(published.put(set.key(), identified))) {
        different.add(identified);
      }
    }
    if (!different.isEmpty()) {
      dataPath.updateEndpoints(different);
    }
  }

  /** Changes that come while one is being applied are applied once, after it. */
  private void onDirectory() {
    if (refreshing.compareAndSet(false, true)) {
      executor.execute(() -> {
        refreshing.set(false);
        refresh();
      });
    }
  }

  private synchronized void refresh() {
    if (!closed) {
      publish(List.copyOf(plain.values()));
    }
  }

  private EndpointSet identified(EndpointSet set) {
    if (!pods.isKnown()) {
      return EndpointSet.empty(set.key());
    }
    var endpoints = new ArrayList<EndpointSet.Endpoint>(set.endpoints().size());
    for (EndpointSet.Endpoint endpoint : set.endpoints()) {
      endpoints.add(endpoint.withIdentity(pods.identityAt(endpoint.address(), endpoint.port())));
    }
    return new EndpointSet(set.key(), endpoints);
  }

  @Override
  public int boundPort(ListenerSpec listener) {
    return dataPath.boundPort(listener);
  }

  @Override
  public void drain(Duration lameDuck, Duration atMost) {
    dataPath.drain(lameDuck, atMost);
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    endListening.run();
    dataPath.close();
  }
}
