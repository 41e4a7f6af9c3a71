// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.cli.ControlPlaneClient.Params;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.query.OtherEnd.Way;

/** The other end of traffic as parameters of the API. */
final class OtherEnds {
  private OtherEnds() {}

  static void add(Params params, OtherEnd other) {
    boolean to = other.way() == Way.TO;
    params.add(to ? "to" : "from", other.resource().toString());
    other.namespace().ifPresent(name -> params.add(to ? "to_namespace" : "from_namespace", name));
  }
}
