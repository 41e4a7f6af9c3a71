// SPDX-License-Identifier: Apache-2.0
/**
 * The line to the control plane: gRPC calls on the data path's own HTTP/2, one for each certificate
 * and one stream that is kept.
 */
@NullMarked
package io.selvage.mesh.link;

import org.jspecify.annotations.NullMarked;
