// SPDX-License-Identifier: Apache-2.0
/**
 * Compiled route tables: from authority and path to an action. Immutable after compilation and
 * shared by all event loops.
 */
@NullMarked
package io.selvage.proxy.route;

import org.jspecify.annotations.NullMarked;
