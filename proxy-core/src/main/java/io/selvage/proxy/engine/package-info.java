// SPDX-License-Identifier: Apache-2.0
/**
 * Assembly: the running data path, its snapshots and their replacement.
 */
@NullMarked
package io.selvage.proxy.engine;

import org.jspecify.annotations.NullMarked;
