// SPDX-License-Identifier: Apache-2.0
/**
 * Says where a request would go and why: {@link io.selvage.gateway.explain.RequestExplainer} asks
 * the very tables that serve requests, without sending one. The {@code mesh explain} command uses
 * it on a folder, the admin page {@code /explain} on what is running.
 */
@NullMarked
package io.selvage.gateway.explain;

import org.jspecify.annotations.NullMarked;
