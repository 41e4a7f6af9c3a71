// SPDX-License-Identifier: Apache-2.0
/**
 * Timers of the data path: one coarse wheel per event loop, on which arming or moving a deadline is
 * nearly always a field write. Entry point {@link io.selvage.proxy.time.DeadlineWheel}. Knows
 * nothing of HTTP.
 */
@NullMarked
package io.selvage.proxy.time;

import org.jspecify.annotations.NullMarked;
