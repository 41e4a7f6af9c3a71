// SPDX-License-Identifier: Apache-2.0
/** Which workload an address, a pod or an identity belongs to, now and a few minutes ago. */
@NullMarked
package io.selvage.controlplane.observation.workload;

import org.jspecify.annotations.NullMarked;
