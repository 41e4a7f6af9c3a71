// SPDX-License-Identifier: Apache-2.0
/**
 * Which pods get a sidecar and what is added to them: a pure decision and a pure patch, and around
 * them the admission webhook.
 */
@NullMarked
package io.selvage.injector;

import org.jspecify.annotations.NullMarked;
