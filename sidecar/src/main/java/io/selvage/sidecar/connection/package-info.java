// SPDX-License-Identifier: Apache-2.0
/** What the inbound and the outbound stack have in common: listeners, refusals, traffic. */
@NullMarked
package io.selvage.sidecar.connection;

import org.jspecify.annotations.NullMarked;
