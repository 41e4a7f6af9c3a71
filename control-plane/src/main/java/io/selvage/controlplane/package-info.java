// SPDX-License-Identifier: Apache-2.0
/**
 * The control plane: issues certificates, tells proxies what addresses stand for and whom to let
 * in, and remembers for ten minutes what they report.
 */
@NullMarked
package io.selvage.controlplane;

import org.jspecify.annotations.NullMarked;
