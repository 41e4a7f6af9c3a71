// SPDX-License-Identifier: Apache-2.0
/** One session for each connected proxy: what it asked for, what is queued for it. */
@NullMarked
package io.selvage.controlplane.sessions;

import org.jspecify.annotations.NullMarked;
