// SPDX-License-Identifier: Apache-2.0
/**
 * Raw byte routes: pass-through by port or SNI, with half-close kept and splice where nothing is
 * encrypted.
 */
@NullMarked
package io.selvage.proxy.tcp;

import org.jspecify.annotations.NullMarked;
