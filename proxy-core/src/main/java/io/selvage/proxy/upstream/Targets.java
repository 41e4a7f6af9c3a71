// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

/**
 * Whom a cluster may pick at one moment. Immutable once published (the arrays are never written
 * again), so that a pick is one volatile read; rebuilt whenever an endpoint comes, goes, is ejected
 * or changes its health.
 *
 * @param all every endpoint of the set
 * @param candidates those that are not draining; all of them when every one is draining
 * @param available candidates that are healthy and not ejected; all candidates when there is none
 *     (panic: a wrong verdict about everyone must not become an outage)
 * @param ejected candidates out of service by failure accrual, which wait for their probe
 * @param allAvailable whether available and candidates are the same
 */
record Targets(
    Endpoint[] all,
    Endpoint[] candidates,
    Endpoint[] available,
    Endpoint[] ejected,
    boolean allAvailable,
    LoadBalancer balancer) {}
