// SPDX-License-Identifier: Apache-2.0
/** Ten sliding minutes of reports in bounded memory. */
@NullMarked
package io.selvage.controlplane.observation.store;

import org.jspecify.annotations.NullMarked;
