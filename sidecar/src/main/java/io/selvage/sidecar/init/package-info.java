// SPDX-License-Identifier: Apache-2.0
/**
 * {@code mesh proxy-init}: the iptables rules that bring a pod's connections to its sidecar. Runs
 * once, as an init container, and uses nothing but the JDK and {@code model}, to start fast.
 */
@NullMarked
package io.selvage.sidecar.init;

import org.jspecify.annotations.NullMarked;
