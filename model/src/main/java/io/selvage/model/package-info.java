// SPDX-License-Identifier: Apache-2.0
/**
 * What every part of Selvage talks about: Kubernetes objects in reduced form ({@code kube}, {@code
 * crd}), the routing model the data path runs ({@code routing}) and the problems found on the way.
 * Only the JDK and Jackson's annotations may be imported here: no Netty, no Vert.x, no client
 * library. Start at {@link io.selvage.model.kube.ClusterState} and {@link
 * io.selvage.model.routing.RoutingModel}.
 */
@NullMarked
package io.selvage.model;

import org.jspecify.annotations.NullMarked;
