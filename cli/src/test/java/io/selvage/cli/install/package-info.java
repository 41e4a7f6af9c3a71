// SPDX-License-Identifier: Apache-2.0
/** Tests of what is installed on a cluster. */
@NullMarked
package io.selvage.cli.install;

import org.jspecify.annotations.NullMarked;
