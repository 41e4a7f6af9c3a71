// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import io.selvage.model.Problem;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RoutingModel;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** What the gateway needs of the data path. */
public interface TrafficPlane {
  /**
   * Makes a model live. A listener that cannot be bound, or a route that does not compile, is left
   * out and reported; what was live stays live where the new cannot replace it.
   *
   * @param endpoints a set for every cluster that is fed by one
   */
  List<Problem> apply(RoutingModel model, Map<String, EndpointSet> endpoints);

  /** Replaces endpoint sets of the live model. */
  void updateEndpoints(Collection<EndpointSet> sets);

  /** The port a listener is bound to; 0 if it is not. */
  int boundPort(ListenerSpec listener);

  /**
   * Finishes what runs and stops accepting.
   *
   * @param lameDuck how long new connections are still accepted
   * @param atMost how long running exchanges may take after that
   */
  void drain(Duration lameDuck, Duration atMost);

  /** Stops at once. May be called repeatedly. */
  void close();
}
