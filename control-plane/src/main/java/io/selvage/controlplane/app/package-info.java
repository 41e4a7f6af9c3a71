// SPDX-License-Identifier: Apache-2.0
/** The control plane as a process: options, what is wired to what, ready and drain. */
@NullMarked
package io.selvage.controlplane.app;

import org.jspecify.annotations.NullMarked;
