// SPDX-License-Identifier: Apache-2.0
/** How a pod wants to be treated: inbound policy, opaque ports, probes. */
@NullMarked
package io.selvage.controlplane.policy;

import org.jspecify.annotations.NullMarked;
