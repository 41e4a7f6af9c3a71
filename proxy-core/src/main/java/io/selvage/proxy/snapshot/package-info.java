// SPDX-License-Identifier: Apache-2.0
/**
 * The configuration that is served at one moment, compiled: an exchange takes the current {@link
 * io.selvage.proxy.snapshot.Snapshot} once and keeps it to its end. Made by {@code engine}.
 */
@NullMarked
package io.selvage.proxy.snapshot;

import org.jspecify.annotations.NullMarked;
