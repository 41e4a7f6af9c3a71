// SPDX-License-Identifier: Apache-2.0
/**
 * What the sidecar's process logs by: lines on standard error in the form of the other commands,
 * without a logging library's memory. Chosen by {@code -Dslf4j.provider=}; where that is not given,
 * as in tests and in {@code mesh demo}, these classes are not used.
 */
@NullMarked
package io.selvage.sidecar.logging;

import org.jspecify.annotations.NullMarked;
