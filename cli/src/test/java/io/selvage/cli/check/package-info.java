// SPDX-License-Identifier: Apache-2.0
/** Tests of {@code mesh check}. */
@NullMarked
package io.selvage.cli.check;

import org.jspecify.annotations.NullMarked;
