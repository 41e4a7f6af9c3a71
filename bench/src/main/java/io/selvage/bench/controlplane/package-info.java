// SPDX-License-Identifier: Apache-2.0
/**
 * A control plane with thousands of streams: memory, and how soon everybody is told of a change.
 */
@NullMarked
package io.selvage.bench.controlplane;

import org.jspecify.annotations.NullMarked;
