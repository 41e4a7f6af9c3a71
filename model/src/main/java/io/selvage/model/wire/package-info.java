// SPDX-License-Identifier: Apache-2.0
/**
 * The mesh's messages as bytes: protobuf (proto3) as {@code mesh.proto} beside {@link
 * io.selvage.model.mesh} describes it, and the frames gRPC carries them in. Written by hand on the
 * JDK alone, because a sidecar has no room for a runtime and every length here is bounded before
 * anything is allocated for it.
 */
@NullMarked
package io.selvage.model.wire;

import org.jspecify.annotations.NullMarked;
