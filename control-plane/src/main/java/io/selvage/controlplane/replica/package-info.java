// SPDX-License-Identifier: Apache-2.0
/**
 * Replicas of the control plane tell each other of their proxies, so that each knows what goes on
 * in the whole mesh. Each dials every other one, and tells on what it dialled.
 */
@NullMarked
package io.selvage.controlplane.replica;

import org.jspecify.annotations.NullMarked;
