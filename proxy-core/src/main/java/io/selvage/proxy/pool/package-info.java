// SPDX-License-Identifier: Apache-2.0
/**
 * Connections to endpoints, pooled per event loop so that no request crosses a thread: connecting,
 * TLS, idle and lifetime bounds, circuit-breaker limits and the bounded wait for a connection. What
 * is spoken on a connection is behind {@link io.selvage.proxy.pool.UpstreamProtocol}.
 */
@NullMarked
package io.selvage.proxy.pool;

import org.jspecify.annotations.NullMarked;
