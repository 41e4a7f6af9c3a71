// SPDX-License-Identifier: Apache-2.0
/** Single exchanges, told live to whoever asks. */
@NullMarked
package io.selvage.controlplane.observation.tap;

import org.jspecify.annotations.NullMarked;
