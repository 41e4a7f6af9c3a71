// SPDX-License-Identifier: Apache-2.0
/**
 * The data path as a whole: {@link io.selvage.proxy.engine.DataPlane} takes routing models and
 * endpoint sets, compiles them into snapshots and runs them. The only package that knows every
 * part.
 */
@NullMarked
package io.selvage.proxy.engine;

import org.jspecify.annotations.NullMarked;
