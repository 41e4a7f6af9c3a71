// SPDX-License-Identifier: Apache-2.0
/**
 * Selvage beside nginx and HAProxy: the same backend, the same load, the same processor, in
 * interleaved rounds. The figure that counts is processor time per request as a ratio within one
 * round. Started by {@code bench/run}; see {@link io.selvage.bench.compare.ProxyComparison}.
 */
@NullMarked
package io.selvage.bench.compare;

import org.jspecify.annotations.NullMarked;
