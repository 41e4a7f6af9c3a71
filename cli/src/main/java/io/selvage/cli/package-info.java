// SPDX-License-Identifier: Apache-2.0
/**
 * The {@code mesh} commands. {@link io.selvage.cli.Main} names them all; each is one class called
 * after its command.
 */
@NullMarked
package io.selvage.cli;

import org.jspecify.annotations.NullMarked;
