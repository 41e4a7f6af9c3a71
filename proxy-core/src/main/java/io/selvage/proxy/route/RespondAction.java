// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.RouteAction;
import java.nio.charset.StandardCharsets;

/** A fixed answer. */
public final class RespondAction implements CompiledAction {
  private final RouteAction.Respond spec;
  private final byte[] body;

  RespondAction(RouteAction.Respond spec) {
    this.spec = spec;
    this.body = spec.body().getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public RouteAction.Respond spec() {
    return spec;
  }

  /** The body in UTF-8; not to be written to. */
  public byte[] body() {
    return body;
  }
}
