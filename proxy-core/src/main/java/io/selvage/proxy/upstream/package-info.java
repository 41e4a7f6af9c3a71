// SPDX-License-Identifier: Apache-2.0
/**
 * Clusters, endpoints, load balancers, circuit breakers, failure accrual, retry budgets and
 * connection pools.
 */
@NullMarked
package io.selvage.proxy.upstream;

import org.jspecify.annotations.NullMarked;
