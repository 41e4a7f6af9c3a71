// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway process: a source of objects, the hold-off, the compiler, the data path and the
 * status sink joined by {@link io.selvage.gateway.app.GatewayServer}. Decisions are made elsewhere;
 * here is only who calls whom, on which thread, and when.
 */
@NullMarked
package io.selvage.gateway.app;

import org.jspecify.annotations.NullMarked;
