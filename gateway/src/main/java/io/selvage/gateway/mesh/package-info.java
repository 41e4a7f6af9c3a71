// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway as a workload of the mesh: its certificate, who its backends are, and what it reports
 * of its traffic. Without the options for it nothing of this is made.
 */
@NullMarked
package io.selvage.gateway.mesh;

import org.jspecify.annotations.NullMarked;
