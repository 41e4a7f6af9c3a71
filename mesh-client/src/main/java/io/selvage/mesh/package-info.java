// SPDX-License-Identifier: Apache-2.0
/**
 * What every proxy of the mesh has: its identity, its stream to the control plane, what it is told
 * there, and the reports it sends. {@link io.selvage.mesh.MeshMember} is all of it.
 */
@NullMarked
package io.selvage.mesh;

import org.jspecify.annotations.NullMarked;
