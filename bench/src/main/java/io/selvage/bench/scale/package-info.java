// SPDX-License-Identifier: Apache-2.0
/**
 * How the gateway bears many objects: {@link io.selvage.bench.scale.ScaleRun} times the first
 * table, a change and an endpoint change, and counts the requests lost over many configuration
 * swaps. Run by {@code bench/scale}.
 */
@NullMarked
package io.selvage.bench.scale;

import org.jspecify.annotations.NullMarked;
