// SPDX-License-Identifier: Apache-2.0
/**
 * What became of each object, written back to the API server: statuses, published addresses and
 * Events, by the one replica that holds the lease, at a bounded rate and never in the way of
 * traffic. Entry point: {@link io.selvage.kube.status.StatusWriter}.
 */
@NullMarked
package io.selvage.kube.status;

import org.jspecify.annotations.NullMarked;
