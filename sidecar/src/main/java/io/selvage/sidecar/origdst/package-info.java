// SPDX-License-Identifier: Apache-2.0
/** Where a connection was going before a REDIRECT rule brought it to us. */
@NullMarked
package io.selvage.sidecar.origdst;

import org.jspecify.annotations.NullMarked;
