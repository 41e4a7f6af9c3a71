// SPDX-License-Identifier: Apache-2.0

/**
 * Installing on a cluster: the commands print what {@code kubectl} applies or deletes, and change
 * nothing by themselves. The charts are rendered by the Helm engine.
 */
@NullMarked
package io.selvage.cli.install;

import org.jspecify.annotations.NullMarked;
