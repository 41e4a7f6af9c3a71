// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import static java.util.Objects.requireNonNull;

import io.selvage.model.Problem;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.proxy.engine.DataPlane;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The data path of this process. */
public final class DataPlaneTraffic implements TrafficPlane {
  private static final Logger LOG = LoggerFactory.getLogger(DataPlaneTraffic.class);

  /** What a drain may take beyond its own limits, for closing sockets. */
  private static final Duration MARGIN = Duration.ofSeconds(5);

  private final DataPlane dataPlane;

  public DataPlaneTraffic(DataPlane dataPlane) {
    this.dataPlane = requireNonNull(dataPlane, "dataPlane");
  }

  @Override
  public List<Problem> apply(RoutingModel model, Map<String, EndpointSet> endpoints) {
    // Addresses first: a new cluster must not answer 503 for the moment until they come.
    endpoints.values().forEach(dataPlane::updateEndpoints);
    List<Problem> problems = dataPlane.apply(model).problems();
    dataPlane.retainEndpointSets(endpoints.keySet());
    return problems;
  }

  @Override
  public void updateEndpoints(Collection<EndpointSet> sets) {
    sets.forEach(dataPlane::updateEndpoints);
  }

  @Override
  public int boundPort(ListenerSpec listener) {
    return dataPlane.ports().getOrDefault(listener.name(), 0);
  }

  @Override
  public void drain(Duration lameDuck, Duration atMost) {
    var drained = dataPlane.drain(lameDuck, atMost).toCompletionStage().toCompletableFuture();
    try {
      long limit = lameDuck.plus(atMost).plus(MARGIN).toMillis();
      boolean whole = drained.get(limit, TimeUnit.MILLISECONDS);
      LOG.atInfo().addKeyValue("nothingCut", whole).log("drained");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.atWarn().setCause(e).log("the drain did not end by itself");
    }
  }

  @Override
  public void close() {
    dataPlane.close();
  }
}
