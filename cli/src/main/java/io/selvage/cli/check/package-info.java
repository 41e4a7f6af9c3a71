// SPDX-License-Identifier: Apache-2.0

/** {@code mesh check}: what may stand in the way, and what to do about it. */
@NullMarked
package io.selvage.cli.check;

import org.jspecify.annotations.NullMarked;
