// SPDX-License-Identifier: Apache-2.0
/**
 * What the control plane has told: what addresses stand for, which pods are meshed, how inbound
 * connections are to be treated. Everything is kept, and kept in use, while the control plane is
 * away.
 */
@NullMarked
package io.selvage.mesh.discovery;

import org.jspecify.annotations.NullMarked;
