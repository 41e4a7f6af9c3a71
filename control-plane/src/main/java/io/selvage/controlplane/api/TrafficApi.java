// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.api;

import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.observation.Observation;
import io.vertx.ext.web.Router;

/** The pages below {@code /api/v1} that tell of traffic. */
public final class TrafficApi implements ApiRoutes {
  public TrafficApi(Observation observation) {}

  @Override
  public void mount(Router router) {}
}
