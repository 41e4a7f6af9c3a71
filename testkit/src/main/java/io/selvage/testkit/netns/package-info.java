// SPDX-License-Identifier: Apache-2.0
/**
 * Pods without a cluster: a network namespace each, routed through one that stands for the node,
 * with real iptables rules and any program inside. See {@link
 * io.selvage.testkit.netns.NetworkPods}.
 */
@NullMarked
package io.selvage.testkit.netns;

import org.jspecify.annotations.NullMarked;
