// SPDX-License-Identifier: Apache-2.0
/** How a sidecar is set up: flags, environment variables and what they stand for. */
@NullMarked
package io.selvage.sidecar.options;

import org.jspecify.annotations.NullMarked;
