// SPDX-License-Identifier: Apache-2.0
/**
 * The routing model: what the data path is to do, as immutable records without any Kubernetes type.
 * The gateway's compiler writes it, {@code proxy-core} runs it, {@code /routes} and golden tests
 * print it. Start at {@link io.selvage.model.routing.RoutingModel}. Values are compared with equals
 * to find out what changed, so everything in here has value semantics and a deterministic order.
 */
@NullMarked
package io.selvage.model.routing;

import org.jspecify.annotations.NullMarked;
