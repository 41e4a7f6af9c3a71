// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.outbound;

import io.selvage.mesh.discovery.Destination;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.routing.EndpointSet;
import io.selvage.proxy.engine.DataPath;
import io.selvage.proxy.engine.Target;
import io.selvage.proxy.engine.TargetSpec;
import io.selvage.proxy.exchange.Admission;
import io.selvage.sidecar.detect.WhoSpeaksFirst;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An original destination in use: what is known of it and the target that serves it, kept in step.
 * Thread-safe.
 */
final class OutboundDestination {
  /**
   * How connections are served at one moment.
   *
   * @param target null where they are refused
   */
  record Served(Destination.State state, @Nullable Target target) {}

  private final Destination destination;
  private final DataPath path;
  private final Set<InetAddress> podIps;
  private final long connectMillis;
  private final WhoSpeaksFirst memory = new WhoSpeaksFirst();
  private final Runnable stopListening;

  private volatile Served served;
  private boolean dropped;

  OutboundDestination(
      Destination destination, DataPath path, Set<InetAddress> podIps, long connectMillis) {
    this.destination = destination;
    this.path = path;
    this.podIps = podIps;
    this.connectMillis = connectMillis;
    destination.retain();
    Destination.State first = destination.state();
    this.served = new Served(first, newTarget(first));
    this.stopListening = destination.listen(this::update);
    // It may have changed before we listened.
    update(destination.state());
  }

  Served served() {
    return served;
  }

  WhoSpeaksFirst memory() {
    return memory;
  }

  private synchronized void update(Destination.State state) {
    Served old = served;
    Target target = old.target();
    if (dropped || state.equals(old.state())) {
      return;
    }
    if (target != null
        && state.answer() == old.state().answer()
        && state.kind() == old.state().kind()
        && state.service().equals(old.state().service())) {
      target.updateEndpoints(endpoints(state));
      served = new Served(state, target);
    } else {
      served = new Served(state, newTarget(state));
      if (target != null) {
        target.retire();
      }
    }
  }

  private @Nullable Target newTarget(Destination.State state) {
    if (state.refused()) {
      return null;
    }
    // An endpoint that fails is left alone only where there are others.
    boolean accrual = state.kind() == DestinationUpdate.Kind.SERVICE;
    Target target =
        path.target(
            new TargetSpec(
                state.service().label(),
                connectMillis,
                accrual,
                TargetSpec.NO_CLIENT_ID,
                Admission.EVERYBODY));
    target.updateEndpoints(endpoints(state));
    return target;
  }

  private EndpointSet endpoints(Destination.State state) {
    InetSocketAddress address = destination.address();
    if (state.kind() == DestinationUpdate.Kind.FORWARD) {
      return new EndpointSet(
          "forward",
          List.of(
              EndpointSet.Endpoint.of(address.getAddress().getHostAddress(), address.getPort())));
    }
    var endpoints = new ArrayList<EndpointSet.Endpoint>(state.endpoints().endpoints().size());
    for (EndpointSet.Endpoint endpoint : state.endpoints().endpoints()) {
      // The pod's own connections to itself never leave it: there is nobody to prove anything to.
      endpoints.add(isOurs(endpoint) ? endpoint.withIdentity("") : endpoint);
    }
    return new EndpointSet(state.endpoints().key(), endpoints);
  }

  private boolean isOurs(EndpointSet.Endpoint endpoint) {
    return !endpoint.identity().isEmpty()
        && podIps.contains(InetAddress.ofLiteral(endpoint.address()));
  }

  /** Nobody uses it any more. */
  synchronized void drop() {
    dropped = true;
    stopListening.run();
    destination.release();
    Target target = served.target();
    if (target != null) {
      target.retire();
    }
  }
}
