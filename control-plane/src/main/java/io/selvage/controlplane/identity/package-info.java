// SPDX-License-Identifier: Apache-2.0
/**
 * Who may have which certificate: checks tokens and requests, issues, keeps the issuer and the
 * trust anchors current, and replaces the root while everything runs.
 */
@NullMarked
package io.selvage.controlplane.identity;

import org.jspecify.annotations.NullMarked;
