// SPDX-License-Identifier: Apache-2.0
/**
 * What every proxy of the mesh has, sidecar and gateway alike: its identity and the renewal of it,
 * its stream to the control plane, the destinations it has learnt, and the reports of what it saw.
 */
@NullMarked
package io.selvage.mesh;

import org.jspecify.annotations.NullMarked;
