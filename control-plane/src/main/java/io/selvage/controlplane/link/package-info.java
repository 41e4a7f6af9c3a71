// SPDX-License-Identifier: Apache-2.0
/**
 * What the parts of the control plane tell each other: small interfaces, so that identity, sessions
 * and observation need not know one another.
 */
@NullMarked
package io.selvage.controlplane.link;

import org.jspecify.annotations.NullMarked;
