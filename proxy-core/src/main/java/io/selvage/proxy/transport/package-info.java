// SPDX-License-Identifier: Apache-2.0
/**
 * What the data path runs on: event loops, Vert.x's where there is one, channel classes and the
 * buffer allocator. The one package that reads {@code io.vertx.core.internal}, so that a new Vert.x
 * is adapted here alone.
 */
@NullMarked
package io.selvage.proxy.transport;

import org.jspecify.annotations.NullMarked;
