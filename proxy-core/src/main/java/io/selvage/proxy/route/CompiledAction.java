// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.RouteAction;

/** What a route does, ready to run. Immutable, shared by all event loops. */
public sealed interface CompiledAction permits ForwardAction, RedirectAction, RespondAction {
  /** What it was compiled from. */
  RouteAction spec();
}
