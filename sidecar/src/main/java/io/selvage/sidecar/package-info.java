// SPDX-License-Identifier: Apache-2.0
/**
 * The proxy beside a pod. Connections the pod makes arrive at the outbound stack, connections made
 * to it at the inbound stack; both are assemblies of {@code io.selvage.proxy}.
 */
@NullMarked
package io.selvage.sidecar;

import org.jspecify.annotations.NullMarked;
