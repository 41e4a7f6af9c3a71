// SPDX-License-Identifier: Apache-2.0
/**
 * Two sidecars between a client and an application, beside two HAProxies with the same mutual TLS,
 * in one interleaved run; and what one sidecar keeps in memory. Started by {@code bench/sidecar}
 * and {@code bench/footprint}.
 */
@NullMarked
package io.selvage.bench.sidecar;

import org.jspecify.annotations.NullMarked;
