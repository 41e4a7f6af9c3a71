// SPDX-License-Identifier: Apache-2.0
/**
 * The mesh as values: who a workload is, what a proxy asks and tells the control plane, and what it
 * is answered. The messages are the wire contract, version {@link
 * io.selvage.model.mesh.MeshProtocol#VERSION}, described in {@code mesh.proto} beside the classes
 * and encoded by {@code io.selvage.model.wire}. Every proxy keeps one stream, {@code Connect}: up
 * go {@link io.selvage.model.mesh.ProxyMessage}s, down come {@link
 * io.selvage.model.mesh.ControlMessage}s.
 */
@NullMarked
package io.selvage.model.mesh;

import org.jspecify.annotations.NullMarked;
