// SPDX-License-Identifier: Apache-2.0
/**
 * The ingress gateway: turns each kind of Kubernetes object into the routing model, says in the
 * object's status what became of it, and runs the process at the edge of the cluster.
 */
@NullMarked
package io.selvage.gateway;

import org.jspecify.annotations.NullMarked;
