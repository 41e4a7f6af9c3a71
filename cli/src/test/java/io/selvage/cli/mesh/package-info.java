// SPDX-License-Identifier: Apache-2.0
/**
 * The whole mesh in network namespaces: a control plane and sidecars as processes, real iptables
 * rules, and applications that know nothing of it.
 */
@NullMarked
package io.selvage.cli.mesh;

import org.jspecify.annotations.NullMarked;
