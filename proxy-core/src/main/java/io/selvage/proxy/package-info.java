// SPDX-License-Identifier: Apache-2.0
/**
 * The data path: from an accepted connection to an upstream and back, shared by the gateway and the
 * sidecar. Kubernetes types do not reach this module; it runs a {@link
 * io.selvage.model.routing.RoutingModel}. Start at {@code engine.DataPlane}; a request goes
 * listener, h1 or h2, exchange, route, upstream, and back.
 */
@NullMarked
package io.selvage.proxy;

import org.jspecify.annotations.NullMarked;
