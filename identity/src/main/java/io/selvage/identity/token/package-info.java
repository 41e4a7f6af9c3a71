// SPDX-License-Identifier: Apache-2.0
/** Workload tokens that the control plane signs itself, where no kubelet hands any out. */
@NullMarked
package io.selvage.identity.token;

import org.jspecify.annotations.NullMarked;
